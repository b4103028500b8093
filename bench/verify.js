// Compares `btkit verify` with `btkit makemetafile` on the same file, read from the page cache:
// whole processes, in turns, the median of five. Build first: npm run build
//
//   node bench/verify.js [GiB]
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RUNS = 5
const MIB = 2 ** 20
const LIMIT = 1.1

const gib = Number(process.argv[2] ?? 4)
const btkit = fileURLToPath(new URL('../bin/btkit.js', import.meta.url))
const directory = mkdtempSync(join(memoryDirectory(), 'btkit-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const file = join(directory, 'data')
const chunk = randomBytes(64 * MIB)
for (let mib = 0; mib < gib * 1024; mib += 64) appendFileSync(file, chunk)

let worst = 0
for (const pow2 of [18, 20, 22]) {
  const make = ['makemetafile', file, 'http://tracker.example/announce', '--no-cache', '--quiet']
  make.push('--piece-size-pow2', String(pow2))
  const verify = ['verify', '--quiet', `${file}.torrent`]
  time(make)
  const times = Array.from({ length: RUNS }, () => ({ made: time(make), verified: time(verify) }))
  const made = median(times.map((run) => run.made))
  const verified = median(times.map((run) => run.verified))
  worst = Math.max(worst, verified / made)
  const seconds = `makemetafile ${made.toFixed(2)} s, verify ${verified.toFixed(2)} s`
  const ratio = (verified / made).toFixed(2)
  console.log(`${gib} GiB in pieces of ${2 ** (pow2 - 10)} KiB: ${seconds}, ratio ${ratio}`)
}
console.log(`verify takes at most ${worst.toFixed(2)} times makemetafile (limit ${LIMIT})`)
process.exitCode = worst <= LIMIT ? 0 : 1

/** Where a file stays in memory; any other directory will do if there is enough of it. */
function memoryDirectory() {
  try {
    accessSync('/dev/shm')
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

function time(args) {
  const started = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [btkit, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`btkit ${args.join(' ')}: status ${status}\n${stderr}`)
  return (performance.now() - started) / 1000
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
