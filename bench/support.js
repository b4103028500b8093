// Shared by the benchmarks: whole processes, taking turns, medians of several runs.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program that is measured: this checkout's, or that of another build. */
export const btkit =
  process.env.BTKIT_BENCH_PROGRAM ?? fileURLToPath(new URL('../bin/btkit.js', import.meta.url))
export const tracker = 'http://tracker.example/announce'

const RUNS = 5
const MIB = 2 ** 20
const GNU_TIME = '/usr/bin/time'

/** A directory that goes when the benchmark ends; in memory, where there is room for that. */
export function makeScratch({ inMemory }) {
  const directory = mkdtempSync(join(inMemory ? memoryDirectory() : tmpdir(), 'btkit-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function memoryDirectory() {
  try {
    accessSync('/dev/shm')
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

/** Writes a file of random bytes. */
export function plantFile(path, mib) {
  const chunk = randomBytes(Math.min(mib, 64) * MIB)
  for (let done = 0; done < mib; done += 64) appendFileSync(path, chunk)
}

/** A process, and those that it started. Needs Linux. */
export function processesOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []
  return [pid, ...children.map(Number)]
}

/** The most memory that a process had, in MiB. Needs Linux. */
export function peakMemory(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

export function hasProgram(name) {
  return spawnSync(name, ['--help']).error === undefined
}

/** Where there are root certificates of one's own, Node reads them at every start, for long. */
const { NODE_EXTRA_CA_CERTS: _certificates, ...withoutCertificates } = process.env

/**
 * Runs a command and returns what it took: seconds; and where GNU time is installed, seconds of the
 * processor, and peak memory in MiB.
 */
export function run([command, ...args], env = {}) {
  const report = join(tmpdir(), `btkit-bench-${process.pid}`)
  const isTimed = existsSync(GNU_TIME)
  const timed = isTimed ? [GNU_TIME, '-f', '%M %U %S', '-o', report, command] : [command]
  const started = performance.now()
  const { status, stderr } = spawnSync(timed[0], [...timed.slice(1), ...args], {
    env: { ...withoutCertificates, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}\n${stderr}`)
  const [kib, user, system] = isTimed ? readFileSync(report, 'utf8').split(' ').map(Number) : []
  rmSync(report, { force: true })
  return { seconds, cpu: user + system, memory: kib / 1024 }
}

/** Runs btkit. */
export function runBtkit(args, env) {
  return run([process.execPath, btkit, ...args], env)
}

/** Runs several works in turns, after a warm-up, and returns the median of what each took. */
export function compare(works, runs = RUNS) {
  const results = works.map(() => [])
  for (let turn = -1; turn < runs; turn++) {
    works.forEach((work, i) => {
      const result = work()
      if (turn >= 0) results[i].push(result)
    })
  }
  return results.map((all) => ({
    seconds: median(all.map(({ seconds }) => seconds)),
    cpu: median(all.map(({ cpu }) => cpu)),
    memory: Math.max(...all.map(({ memory }) => memory)),
  }))
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** Prints rows as a table that Markdown understands. */
export function printTable(title, [head, ...rows]) {
  console.log(`\n${title}\n`)
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`)
}
