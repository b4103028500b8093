// Compares this build with that of another commit, row by row of the limits: both take turns, and
// with them the program that a limit names (find, cp, mktorrent, node). Ends with 1 if a limit is
// broken, or if this build is more than a tenth worse.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
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
  // A run that is stopped prints what it has
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      print(commit, results)
      process.exit(1)
    })
  }
  const programs = { before: build(commit, join(scratch, 'before')), now: programIn(checkout) }
  const rows = ROWS.filter(
    ({ name }) => only.length === 0 || only.some((word) => name.includes(word)),
  )
  for (const row of rows) {
    const started = performance.now()
    const place = join(scratch, `row-${results.length}`)
    results.push(await measureOrSay(row, { programs, root: scratch, scratch: place, isQuick }))
    console.error(`${row.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  print(commit, results)
  return results.flat().some(({ isLost }) => isLost) ? 1 : 0
}

function print(commit, results) {
  const head = ['work', 'before', 'now', 'now / before', 'limit', 'measured', '']
  const title = `${shortName(commit)} and this build, Node ${process.version}, ${describeProcessor()}`
  printTable(title, [head, ...results.flat().map(({ cells }) => cells)])
}

/** Builds a commit in a directory of its own, with the packages of this checkout. */
function build(commit, directory) {
  mkdirSync(directory)
  const archive = execFileSync('git', ['archive', commit], { cwd: checkout, maxBuffer: 2 ** 30 })
  execFileSync('tar', ['x', '-C', directory], { input: archive })
  symlinkSync(join(checkout, 'node_modules'), join(directory, 'node_modules'))
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: directory, stdio: 'inherit' })
  return programIn(directory)
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
        const figures = who === 'reference' ? await work.reference?.() : await work.run(who)
        if (turn >= 0 && figures) taken[who].push(figures)
      }
    }
  } finally {
    await work.end?.()
  }
  const unable = isAlone ? 'cannot do it' : ''
  return row.figures.map((figure) => lineOf(row.name, figure, { ...taken, unable }))
}

function lineOf(name, figure, { reference, before, now, unable }) {
  const { key, unit, isMore = false, limit, beside } = figure
  const value = (all) => median(all.map((figures) => figures[key]))
  const ratio = (all, others) => median(all.map((figures, i) => figures[key] / others[i][key]))
  const isComparable = before.length > 0
  const change = isComparable ? ratio(now, before) : 1
  const measured = beside === undefined ? value(now) : ratio(now, reference)
  const isWorse = isMore ? change < 1 / TOLERANCE : change > TOLERANCE
  const isMeasured = Number.isFinite(change) && Number.isFinite(measured)
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
  return execFileSync('git', ['rev-parse', '--short', commit], {
    cwd: checkout,
    encoding: 'utf8',
  }).trim()
}

function describeProcessor() {
  const processor = cpus()[0]?.model ?? 'unknown processor'
  return `${cpus().length} × ${processor}, ${type()} ${release()}`
}
