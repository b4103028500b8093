// Measures the savings and the costs of digests shared through Redis, on one machine that plays several:
//
//   node bench/fleet.js [FILES]
//
// Needs redis-server. Three machines make torrents of 100 files of 4 MiB. Then a fresh machine adopts
// the digests of FILES files (100,000 by default) in one v2 torrent, beside an unchanged run there.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

/** Makes a torrent on a machine. Returns its report and the seconds it took. */
function make(machine, path, ...options) {
  const share = ['--share', `mirror=${at(machine)}`, '--share-machine', machine]
  const url = ['--cache-url', `redis://127.0.0.1:${PORT}`, '--share-key-file', at('key')]
  const own = ['--cache-dir', at(`cache-${machine}`), '--output', at('t.torrent'), '--force']
  const args = ['bin/btkit.js', 'makemetafile', path, '--trackerless', '--json', '--quiet']
  const started = performance.now()
  const out = execFileSync('node', [...args, ...own, ...share, ...url, ...options])
  return { seconds: (performance.now() - started) / 1000, ...JSON.parse(out) }
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
plant(at('one', 'iso'), 100, 4 * 1024 * 1024)
for (const other of MACHINES.slice(1)) {
  cpSync(at('one'), at(other), { recursive: true, preserveTimestamps: true })
}
// Later than two seconds after the last change
spawnSync('sleep', ['2.5'])
let hashed = 0
for (let i = 0; i < 100; i++) {
  for (const machine of MACHINES) {
    hashed += make(
      machine,
      at(machine, 'iso', `f${String(i).padStart(6, '0')}`),
      '--piece-length',
      '64K',
    ).bytesHashed
  }
}
console.log(
  `bytes hashed by three machines for 100 files: ${(hashed / (400 * 2 ** 20)).toFixed(2)} of their size`,
)
console.log(
  `Redis memory for these 100 files of 64 pieces: ${ask('info', 'memory').match(/used_memory_human:(\S+)/)?.[1]}`,
)

for (const machine of MACHINES) rmSync(at(machine, 'iso'), { recursive: true })
ask('flushall')
plant(at('one', 'small'), count, 40_000)
cpSync(at('one', 'small'), at('two', 'small'), { recursive: true, preserveTimestamps: true })
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
  const ratio = (fresh.seconds / again.seconds).toFixed(1)
  console.log(
    `${count} files adopted ${name}: ${fresh.seconds.toFixed(2)} s, ${fresh.bytesHashed} bytes hashed; ` +
      `unchanged ${again.seconds.toFixed(2)} s: ${ratio} times`,
  )
}
const alone = make('two', at('two', 'small'), ...pieces, '--no-cache')
console.log(`hashed alone: ${alone.seconds.toFixed(2)} s`)
console.log(
  `Redis: ${ask('dbsize').trim()} records, ${ask('info', 'memory').match(/used_memory_human:(\S+)/)?.[1]}`,
)
