// Measures the savings and the costs of digests shared through Redis, on one machine that plays several:
//
//   node bench/fleet.js [FILES]
//
// Needs redis-server. 30 clients ask three mirrors for the torrents of the same 100 files of 8 MiB at
// once. Then a fresh machine adopts the digests of FILES files (100,000 by default) in one v2 torrent,
// beside an unchanged run there.
// At last completedir hashes 4 GiB alone, and through the queue with one worker.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { randomFillSync } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const PORT = 26_379
const count = Number(process.argv[2] ?? 100_000)
const scratch = mkdtempSync(join(tmpdir(), 'btkit-fleet-'))
const at = (...names) => join(scratch, ...names)

const redis = spawn('redis-server', ['--port', String(PORT), '--save', ''], { stdio: 'ignore' })
const ask = (...args) => spawnSync('redis-cli', ['-p', String(PORT), ...args]).stdout.toString()
process.on('exit', () => {
  redis.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})
for (let i = 0; i < 100 && !ask('ping').includes('PONG'); i++) spawnSync('sleep', ['0.1'])
writeFileSync(at('key'), 'k'.repeat(64), { mode: 0o600 })

/** Options of a machine. */
function optionsOf(machine) {
  const share = ['--share', `mirror=${at(machine)}`]
  const url = ['--cache-url', `redis://127.0.0.1:${PORT}`, '--share-key-file', at('key')]
  return [...share, ...url, '--cache-dir', at(`cache-${machine}`), '--trackerless']
}

/** Makes a torrent on a machine. Returns its report, and the seconds and processor seconds it took. */
function make(machine, path, ...options) {
  const args = ['bin/btkit.js', 'makemetafile', path, '--json', '--quiet', '--force']
  const own = ['--output', at('t.torrent'), ...optionsOf(machine)]
  const [started, before] = [performance.now(), childCpu()]
  const out = execFileSync('node', [...args, ...own, ...options])
  const cpu = childCpu() - before
  return { seconds: (performance.now() - started) / 1000, cpu, ...JSON.parse(out) }
}

/** Processor seconds of all children that have ended; see proc(5). */
const childCpu = () => cpuIn('/proc/self/stat', 13)

/** Processor seconds of a process that runs. */
const cpuOf = ({ pid }) => cpuIn(`/proc/${pid}/stat`, 11)

function cpuIn(path, at) {
  const fields = readFileSync(path, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[at]) + Number(fields[at + 1])) / 100
}

/** Starts a mirror of a machine's files. Resolves to its address. */
async function serve(machine) {
  const args = [
    'bin/btkit.js',
    'serve',
    at(machine),
    '--port',
    '0',
    '--log',
    'off',
    ...optionsOf(machine),
  ]
  const child = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill('SIGKILL'))
  for (let said = ''; ;) {
    said += (await once(child.stdout, 'data'))[0]
    const address = /^address: +(.+)$/m.exec(said)?.[1]
    if (address) return { address, child }
  }
}

/** Asks a mirror for the torrents of all files in random order, again and again while it is busy. */
async function askForAll({ address }, names) {
  for (const name of [...names].sort(() => Math.random() - 0.5)) {
    for (;;) {
      const { status } = await fetch(`${address}/iso/${name}.torrent`).then(async (answer) => {
        await answer.arrayBuffer()
        return answer
      })
      if (status === 200) break
      await setTimeout(100)
    }
  }
}

async function hashedBy({ address }) {
  const text = await (await fetch(`${address}/-/metrics`)).text()
  return Number(/btkit_hashed_bytes_total (\d+)/.exec(text)?.[1])
}

/** Plants files of equal names and times. */
function plant(directory, files, size) {
  mkdirSync(directory, { recursive: true })
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < files; i++) {
    const path = join(directory, `f${String(i).padStart(6, '0')}`)
    writeFileSync(path, randomFillSync(bytes))
    utimesSync(path, 1_700_000_000, 1_700_000_000)
  }
}

const MACHINES = ['one', 'two', 'three']
const SIZE = 8 * 1024 * 1024
plant(at('one', 'iso'), 100, SIZE)
for (const other of MACHINES.slice(1)) {
  cpSync(at('one'), at(other), { recursive: true, preserveTimestamps: true })
}
// Later than two seconds after the last change
spawnSync('sleep', ['2.5'])
const mirrors = await Promise.all(MACHINES.map(serve))
const names = Array.from({ length: 100 }, (_, i) => `f${String(i).padStart(6, '0')}`)
const asked = performance.now()
await Promise.all(Array.from({ length: 30 }, (_, i) => askForAll(mirrors[i % 3], names)))
const seconds = ((performance.now() - asked) / 1000).toFixed(2)
const hashed = await Promise.all(mirrors.map(hashedBy))
for (const { child } of mirrors) child.kill('SIGKILL')
const ratio = hashed.reduce((sum, each) => sum + each) / (100 * SIZE)
console.log(
  `bytes hashed by three mirrors for 100 files and 30 clients: ${ratio.toFixed(3)} of their size ` +
    `(${hashed.map((each) => (each / (100 * SIZE)).toFixed(2)).join(' + ')}), ${seconds} s`,
)
console.log(
  `Redis memory for these 100 files: ${ask('info', 'memory').match(/used_memory_human:(\S+)/)?.[1]}`,
)

for (const machine of MACHINES) rmSync(at(machine, 'iso'), { recursive: true })
ask('flushall')
plant(at('one', 'small'), count, 40_000)
execFileSync('cp', ['-al', at('one', 'small'), at('two', 'small')])
spawnSync('sleep', ['2.5'])
const pieces = ['--v2', '--piece-length', '16K']
make('one', at('one', 'small'), ...pieces)
for (const [name, check] of [
  ['without the reads of the check', 'none'],
  ['with one piece a file', '1'],
]) {
  rmSync(at('cache-two'), { recursive: true, force: true })
  const fresh = make('two', at('two', 'small'), ...pieces, '--share-check', check)
  const again = make('two', at('two', 'small'), ...pieces, '--share-check', check)
  const of = ({ seconds, cpu }) => `${seconds.toFixed(2)} s (${cpu.toFixed(2)} s of processors)`
  const times = (what) => (fresh[what] / again[what]).toFixed(1)
  console.log(
    `${count} files adopted ${name}: ${of(fresh)}, ${fresh.bytesHashed} bytes hashed; ` +
      `unchanged ${of(again)}: ${times('seconds')} times (${times('cpu')} times)`,
  )
}
const alone = make('two', at('two', 'small'), ...pieces, '--no-cache')
console.log(`hashed alone: ${alone.seconds.toFixed(2)} s`)
console.log(
  `Redis: ${ask('dbsize').trim()} records, ${ask('info', 'memory').match(/used_memory_human:(\S+)/)?.[1]}`,
)

/** Runs of each kind, one after the other in turn. */
const RUNS = 7
ask('flushall')
mkdirSync(at('large'))
mkdirSync(at('torrents'))
execFileSync('sh', ['-c', `head -c 4G /dev/urandom >'${at('large', 'image')}'`])
spawnSync('sleep', ['2.5'])
const queue = ['--queue', `redis://127.0.0.1:${PORT}`, '--share', `large=${at('large')}`]
const asking = [...queue, '--share-key-file', at('key')]
const worker = spawn('node', ['bin/btkit.js', 'worker', ...asking, '--no-cache'])
process.on('exit', () => worker.kill('SIGKILL'))
await once(worker.stdout, 'data')
spawnSync('sleep', ['1'])
const cpuOfAll = () => childCpu() + cpuOf(worker) + cpuOf(redis)
const measure = (...options) => {
  const own = ['--output', at('torrents'), '--state-dir', at('state'), '--trackerless']
  const [started, before] = [performance.now(), cpuOfAll()]
  const args = ['bin/btkit.js', 'completedir', at('large'), ...own, '--no-cache', '--force']
  execFileSync('node', [...args, '--quiet', ...options])
  return { seconds: (performance.now() - started) / 1000, cpu: cpuOfAll() - before }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
for (const version of [[], ['--v2'], ['--hybrid']]) {
  const [own, queued] = [[], []]
  for (let i = 0; i < RUNS; i++) {
    own.push(measure(...version))
    queued.push(measure(...version, ...asking))
  }
  const of = (runs, what) => median(runs.map((run) => run[what]))
  const told = (runs) => `${of(runs, 'seconds').toFixed(2)} s (${of(runs, 'cpu').toFixed(2)} s)`
  const times = (what) => (of(queued, what) / of(own, what)).toFixed(2)
  console.log(
    `completedir of 4 GiB ${version.join('') || '--v1'} (processors): alone ${told(own)}, ` +
      `through the queue ${told(queued)}: ${times('seconds')} times (${times('cpu')} times)`,
  )
}
process.exit()
