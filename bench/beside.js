// Compares this build with that of another commit, row by row of the limits: both take turns, and
// with them the program that a limit names (find, cp, mktorrent, node). Ends with 1 if a limit is
// broken, or if this build is more than a tenth worse.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { cpus, homedir, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median, printTable } from './support.js'
import { ROWS } from './beside/rows.js'

/** How much worse a figure may be than before. Repeated runs of one build differ by less. */
const TOLERANCE = 1.1

const checkout = fileURLToPath(new URL('..', import.meta.url))

/** Measures all rows, or those whose name has one of the words of `only`; returns the exit status. */
export async function compareWith(commit, { isQuick, only }) {
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-beside-'))
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  const results = []
  // A run that is stopped prints what it has, as soon as the program that it measures has ended
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      print(commit, results)
      process.exit(1)
    })
  }
  const programs = { before: buildOf(commit), now: programIn(checkout) }
  const rows = ROWS.filter(
    ({ name }) => only.length === 0 || only.some((word) => name.includes(word)),
  )
  for (const row of rows) {
    const started = performance.now()
    const place = join(scratch, `row-${results.length}`)
    const lines = await measureOrSay(row, { programs, root: scratch, scratch: place, isQuick })
    results.push(lines)
    for (const { cells } of lines) console.error(cells.join(' | '))
    console.error(`  took ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  print(commit, results)
  return results.flat().some(({ isLost }) => isLost) ? 1 : 0
}

function print(commit, results) {
  const head = ['work', 'before', 'now', 'now / before', 'limit', 'measured', '']
  const title = `${shortName(commit)} and this build, Node ${process.version}, ${describeProcessor()}`
  printTable(title, [head, ...results.flat().map(({ cells }) => cells)])
}

/**
 * The built commit, with the packages of this checkout. It is kept for the next run on this version
 * of Node, whose compiled code it holds.
 */
function buildOf(commit) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'btkit-bench')
  const hash = git('rev-parse', '--verify', `${commit}^{commit}`)
  const kept = join(cache, `${hash}-node-${process.version}`)
  const isKept = existsSync(kept)
  console.error(`${shortName(commit)}: ${isKept ? 'built before' : 'is built'} in ${kept}`)
  if (!isKept) build(commit, cache, kept)
  linkPackages(kept)
  return programIn(kept)
}

/** A build that is stopped or fails leaves nothing at its place. */
function build(commit, cache, kept) {
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'draft-'))
  try {
    const archive = execFileSync('git', ['archive', commit], { cwd: checkout, maxBuffer: 2 ** 30 })
    execFileSync('tar', ['x', '-C', draft], { input: archive })
    linkPackages(draft)
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: draft, stdio: 'inherit' })
    programIn(draft)
    renameSync(draft, kept)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function linkPackages(directory) {
  const link = join(directory, 'node_modules')
  rmSync(link, { force: true })
  symlinkSync(join(checkout, 'node_modules'), link)
}

function programIn(directory) {
  const path = join(directory, 'bin/btkit.js')
  if (!existsSync(join(directory, 'dist/bundle/main.cjs')))
    throw new Error(`${directory}: not built`)
  return path
}

/** Measures one row, without the other commit if that cannot do it. */
async function measureOrSay(row, parts) {
  const { programs, scratch } = parts
  for (const isAlone of [false, true]) {
    mkdirSync(scratch)
    try {
      const before = isAlone ? programs.now : programs.before
      return await measure(row, { ...parts, programs: { ...programs, before } }, isAlone)
    } catch (error) {
      // The program may have been stopped by the same signal
      await setImmediate()
      console.error(error)
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  }
  return [{ isLost: true, cells: [row.name, '', '', '', '', '', 'failed'] }]
}

/** Measures one row; each of its figures is a line of the table. `isAlone` leaves the other commit out. */
async function measure(row, { isQuick, ...places }, isAlone) {
  if (row.missing?.())
    return [{ isLost: false, cells: [row.name, '', '', '', '', row.missing(), ''] }]
  const turns = isQuick ? row.quickTurns : row.turns
  const work = await row.prepare({ isQuick, ...places })
  const taken = { reference: [], before: [], now: [] }
  try {
    for (let turn = work.isFirst ? 0 : -1; turn < turns; turn++) {
      for (const who of Object.keys(taken)) {
        if (isAlone && who === 'before') continue
        // Children are waited for synchronously: signals arrive between them
        await setImmediate()
        const figures = who === 'reference' ? await work.reference?.() : await work.run(who)
        if (turn >= 0 && figures) taken[who].push(figures)
      }
    }
  } finally {
    await work.end?.()
  }
  const unable = isAlone ? 'cannot do it' : ''
  return row.figures.map((figure) => {
    const limit = isQuick && figure.isOfLarge ? undefined : figure.limit
    return lineOf(row.name, { ...figure, limit }, { ...taken, unable })
  })
}

function lineOf(name, figure, { reference, before, now, unable }) {
  const { key, unit, isMore = false, limit, beside } = figure
  const value = (all) => median(all.map((figures) => figures[key]))
  const ratio = (all, others) => median(all.map((figures, i) => figures[key] / others[i][key]))
  const isComparable = before.length > 0
  const change = isComparable ? ratio(now, before) : 1
  const measured = beside === undefined ? value(now) : ratio(now, reference)
  const isWorse = isMore ? change < 1 / TOLERANCE : change > TOLERANCE
  // A client that was not served at all waited for ever: Infinity is a figure
  const isMeasured = !Number.isNaN(change) && !Number.isNaN(measured)
  const isBroken = limit !== undefined && (isMore ? measured < limit : measured > limit)
  const bound =
    limit === undefined ? '' : `${isMore ? '≥' : '≤'} ${limit} ${beside ? `× ${beside}` : unit}`
  const verdict = [!isMeasured && 'not measured', isBroken && 'limit lost', isWorse && 'worse']
    .filter(Boolean)
    .join(', ')
  const cells = [
    `${name}${figure.what ? `: ${figure.what}` : ''}`,
    isComparable ? `${value(before).toPrecision(3)} ${unit}` : unable,
    `${value(now).toPrecision(3)} ${unit}`,
    isComparable ? change.toFixed(2) : '',
    bound,
    limit === undefined ? '' : measured.toFixed(2),
    verdict,
  ]
  return { isLost: !isMeasured || isBroken || isWorse, cells }
}

function shortName(commit) {
  return git('rev-parse', '--short', commit)
}

function git(...args) {
  return execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
}

function describeProcessor() {
  const processor = cpus()[0]?.model ?? 'unknown processor'
  return `${cpus().length} × ${processor}, ${type()} ${release()}`
}
