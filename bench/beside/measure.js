// Measures one row. A row is
//   name      what is measured; the words of a command line choose rows by it
//   needs     programs without which there is nothing to compare with
//   figures   what comes of it, each a line of the table: `key` in what a run returns, `unit`,
//             `what` if there are several; `limit`, and `beside` if that is a ratio to another
//             program; `isMore` if more is better; `isOfLarge` if the limit holds where the start
//             counts for little, and so is not asked with --quick; `tolerance` if less than a tenth
//             counts as worse
//   turns     how many count: 5 if it says nothing; `quickTurns` with --quick: 3
//   prepare   plants the data, and returns `run(who)`, `reference()` if there is something to
//             compare with, `end()`, and `isFirst` if no turn goes before for warmth
import { setImmediate } from 'node:timers/promises'
import { spawnSync } from 'node:child_process'
import { median } from '../support.js'
import { Places } from './places.js'

/** How much worse a figure may be than before. Repeated runs of one build differ by less. */
const TOLERANCE = 1.1

/** Debian's packages for Python are there for its own one only. */
export const PYTHON = '/usr/bin/python3'

/**
 * The lines of a row, without the other build if that cannot do it: `cells`, and whether it
 * `isLost`.
 */
export async function linesOf(row, programs, isQuick) {
  const missing = row.needs?.find((name) => !hasProgram(name))
  if (missing !== undefined) return [said(row, `skipped: ${missing} is not installed`, false)]
  const tries = 'before' in programs ? [programs, { now: programs.now }] : [programs]
  for (const builds of tries) {
    const places = new Places(builds, isQuick)
    try {
      return await measure(row, places, builds !== programs)
    } catch (error) {
      // The program may have been stopped by the same signal
      await setImmediate()
      console.error(error)
    } finally {
      places.end()
    }
  }
  return [said(row, 'failed', true)]
}

function said({ name }, verdict, isLost) {
  return { isLost, cells: [name, '', '', '', '', '', verdict] }
}

function hasProgram(name) {
  if (name === 'libtorrent') return spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0
  return spawnSync(name, ['--help']).error === undefined
}

async function measure(row, places, isAlone) {
  const { isQuick, builds } = places
  const turns = isQuick ? (row.quickTurns ?? 3) : (row.turns ?? 5)
  const work = await row.prepare(places)
  if (work.skip !== undefined) return [said(row, `skipped: ${work.skip}`, false)]
  const taken = { reference: [], before: [], now: [] }
  try {
    for (let turn = work.isFirst ? 0 : -1; turn < turns; turn++) {
      for (const who of ['reference', ...builds]) {
        // Children are waited for synchronously: signals arrive between them
        await setImmediate()
        const figures = who === 'reference' ? await work.reference?.() : await work.run(who)
        if (turn >= 0 && figures) taken[who].push(figures)
      }
    }
  } finally {
    await work.end?.()
  }
  return row.figures.map((figure) => {
    const limit = isQuick && figure.isOfLarge ? undefined : figure.limit
    return lineOf(row.name, { ...figure, limit }, { ...taken, isAlone })
  })
}

function lineOf(name, figure, { reference, before, now, isAlone }) {
  const { key, unit, isMore = false, limit, beside, tolerance = TOLERANCE } = figure
  const value = (all) => median(all.map((figures) => figures[key]))
  const ratio = (all, others) => median(all.map((figures, i) => figures[key] / others[i][key]))
  const isComparable = before.length > 0
  const change = isComparable ? ratio(now, before) : 1
  const measured = beside === undefined ? value(now) : ratio(now, reference)
  const isWorse = isMore ? change < 1 / tolerance : change > tolerance
  // A client that was not served at all waited for ever: Infinity is a figure
  const isMeasured = !Number.isNaN(change) && !Number.isNaN(measured)
  const isBroken = limit !== undefined && (isMore ? measured < limit : measured > limit)
  const faults = [!isMeasured && 'not measured', isBroken && 'broken', isWorse && 'worse']
  const found = faults.filter(Boolean).join(', ')
  const told = (all) => `${value(all).toPrecision(3)} ${unit}`
  const cells = [
    figure.what === undefined ? name : `${name}: ${figure.what}`,
    isComparable ? told(before) : isAlone ? 'cannot do it' : '',
    told(now),
    isComparable ? change.toFixed(2) : '',
    beside === undefined ? '' : `${measured.toFixed(2)} × ${beside}`,
    limit === undefined ? '' : `${isMore ? '≥' : '≤'} ${limit}${beside ? '' : ` ${unit}`}`,
    found || (limit === undefined ? '' : 'held'),
  ]
  return { isLost: found !== '', cells }
}
