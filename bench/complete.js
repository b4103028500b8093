// Measures `btkit completedir` when nothing changed, when one file changed, and in its first run. Whole
// processes in turns, medians of the runs. Build first: npm run build
//
//   node bench/complete.js [ENTRIES] [MIB of each of 100 files] [RUNS]
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIB = 2 ** 20
const entries = Number(process.argv[2] ?? 100_000)
const mib = Number(process.argv[3] ?? 100)
const runs = Number(process.argv[4] ?? 5)
const TRACKER = 'http://tracker.example/announce'

/** The limits that the figures are held against. */
const LIMIT = { first: 3, unchanged: 2.5, tree: 2.5, changed: 1.3, memory: 200, quietMemory: 120 }

const btkit = fileURLToPath(new URL('../bin/btkit.js', import.meta.url))
const root = mkdtempSync(join(process.env.BTKIT_BENCH_DIR ?? tmpdir(), 'btkit-bench-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const at = (...path) => join(root, ...path)

const rows = []
benchEntries()
benchTree()
benchChanged()
console.table(Object.fromEntries(rows))

function benchEntries() {
  plantTiny(at('flat'))
  mkdirSync(at('torrents'))
  settle()
  const complete = completeArgs('flat', 'torrents')
  const first = measure(complete)
  const copy = timeOf(() => {
    spawnSync('cp', ['-r', at('torrents'), at('copy')])
    spawnSync('sync')
  })
  add(`first run over ${entries} entries`, first, copy, 'cp -r of the torrents, sync', LIMIT.first)
  compare(`unchanged, ${entries} entries`, complete, 'flat', LIMIT.unchanged)
}

function benchTree() {
  plantTiny(at('trees', 'tree'))
  mkdirSync(at('tree-torrents'))
  settle()
  const complete = completeArgs('trees', 'tree-torrents')
  measure(complete)
  compare(`unchanged, a tree of ${entries} files`, complete, 'trees', LIMIT.tree)
}

function compare(what, complete, directory, limit) {
  const find = ['find', [at(directory), '-printf', '%s %T@ %i\n']]
  settle()
  const times = alternate(
    () => measure(complete),
    () => timeOf(() => spawnSync(...find, { stdio: 'ignore' })),
  )
  if (times.ours.memory > LIMIT.quietMemory) process.exitCode = 1
  add(what, times.ours, times.theirs, 'find -printf', limit)
  let week = 0
  const nightly = alternate(
    () => measure([...laterByWeeks(++week), ...complete]),
    () => timeOf(() => spawnSync(...find, { stdio: 'ignore' })),
  )
  add(`${what}, first run of a week`, nightly.ours, nightly.theirs, 'find -printf', limit)
}

/** Has Node take the time for later, when use of the cache is to be noted again. */
function laterByWeeks(weeks) {
  const ahead = weeks * 8 * 86_400_000
  return ['--import', `data:text/javascript,const{now}=Date;Date.now=()=>now()+${ahead}`]
}

function benchChanged() {
  const files = 100
  mkdirSync(at('big', 'release'), { recursive: true })
  mkdirSync(at('big-torrents'))
  for (let i = 0; i < files; i++) plantFile(at('big', 'release', `file-${i}`))
  settle()
  const complete = completeArgs('big', 'big-torrents')
  measure(complete)
  const scan = median(Array.from({ length: runs }, () => measure(complete).seconds))
  const changed = at('big', 'release', 'file-50')
  const alone = [btkit, 'makemetafile', changed, TRACKER, '--no-cache', '--quiet', '--target']
  const pieces = ['--piece-size-pow2', 'auto']
  const times = alternate(
    () => {
      plantFile(changed)
      settle()
      return measure(complete)
    },
    () => measure([...alone, at('alone.torrent'), ...pieces]).seconds,
  )
  const theirs = times.theirs + scan
  add(
    `one of ${files} files of ${mib} MiB changed`,
    times.ours,
    theirs,
    'it alone, and a scan',
    LIMIT.changed,
  )
}

function completeArgs(source, target) {
  const places = [at(source), '--target', at(target), '--cache-dir', at('cache')]
  return [btkit, 'completedir', TRACKER, ...places, '--state-dir', at('state'), '--quiet']
}

/** Runs both in turns, and returns the medians. */
function alternate(ours, theirs) {
  const pairs = Array.from({ length: runs }, () => ({ ours: ours(), theirs: theirs() }))
  const memory = Math.max(...pairs.map((pair) => pair.ours.memory))
  const seconds = median(pairs.map((pair) => pair.ours.seconds))
  return { ours: { seconds, memory }, theirs: median(pairs.map((pair) => pair.theirs)) }
}

function add(what, ours, theirs, beside, limit) {
  const ratio = ours.seconds / theirs
  const isWithin = ours.memory <= LIMIT.memory && (limit === undefined || ratio <= limit)
  if (!isWithin) process.exitCode = 1
  rows.push([
    what,
    {
      'btkit s': round(ours.seconds),
      beside,
      'that s': round(theirs),
      ratio: round(ratio),
      limit: limit ?? '',
      'peak MiB': Math.round(ours.memory),
    },
  ])
}

/** Runs Node, and returns how long that took and the most memory it held, in MiB. */
function measure(args) {
  const report = at('time.txt')
  const hasTime = existsSync('/usr/bin/time')
  const command = hasTime ? '/usr/bin/time' : process.execPath
  const prefix = hasTime ? ['-f', '%M', '-o', report, process.execPath] : []
  let run
  const seconds = timeOf(() => {
    run = spawnSync(command, [...prefix, ...args], { encoding: 'utf8' })
  })
  if (run.status !== 0) throw new Error(`${args.join(' ')}: status ${run.status}\n${run.stderr}`)
  const memory = hasTime ? Number(readFileSync(report, 'utf8').trim()) / 1024 : 0
  return { seconds, memory }
}

function timeOf(act) {
  const started = performance.now()
  act()
  return (performance.now() - started) / 1000
}

/** Files that were written just now are not remembered, and torrents not relied on. */
function settle() {
  spawnSync('sync')
  spawnSync('sleep', ['2.1'])
}

function plantTiny(directory) {
  mkdirSync(directory, { recursive: true })
  for (let i = 0; i < entries; i++) writeFileSync(join(directory, `entry-${i}`), `content ${i}`)
}

function plantFile(path) {
  const chunk = randomBytes(MIB)
  writeFileSync(path, '')
  for (let i = 0; i < mib; i++) writeFileSync(path, chunk, { flag: 'a' })
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function round(value) {
  return Math.round(value * 1000) / 1000
}
