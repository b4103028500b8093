// Shared by all that measures: whole processes, directories that go at the end, tables.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program that is measured: this checkout's, or that of another build. */
export const btkit =
  process.env.BTKIT_BENCH_PROGRAM ?? fileURLToPath(new URL('../bin/btkit.js', import.meta.url))
export const tracker = 'http://tracker.example/announce'

export const MIB = 2 ** 20
const MEMORY = '/dev/shm'
const GNU_TIME = '/usr/bin/time'

const scratches = new Set()
process.on('exit', () => scratches.forEach(removeScratch))

/** A directory that goes when the benchmark ends; in memory, where there is room for that. */
export function makeScratch({ inMemory }) {
  const place = inMemory && existsSync(MEMORY) ? MEMORY : tmpdir()
  const directory = mkdtempSync(join(place, 'btkit-bench-'))
  scratches.add(directory)
  return directory
}

export function removeScratch(directory) {
  scratches.delete(directory)
  rmSync(directory, { recursive: true, force: true })
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

/** Where there are root certificates of one's own, Node reads them at every start, for long. */
const { NODE_EXTRA_CA_CERTS: _certificates, ...withoutCertificates } = process.env

/**
 * Runs a command and returns what it took: seconds; and where GNU time is installed, seconds of the
 * processor, and peak memory in MiB; and what it printed, if that is asked for.
 */
export function run([command, ...args], { env = {}, cwd, isRead = false } = {}) {
  const report = join(tmpdir(), `btkit-bench-${process.pid}`)
  const isTimed = existsSync(GNU_TIME)
  const timed = isTimed ? [GNU_TIME, '-f', '%M %U %S', '-o', report, command] : [command]
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(timed[0], [...timed.slice(1), ...args], {
    cwd,
    env: { ...withoutCertificates, ...env },
    stdio: ['ignore', isRead ? 'pipe' : 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}\n${stderr}`)
  const [kib, user, system] = isTimed ? readFileSync(report, 'utf8').split(' ').map(Number) : []
  rmSync(report, { force: true })
  return { seconds, cpu: user + system, memory: kib / 1024, stdout }
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** Prints rows as a table that Markdown understands. */
export function printTable(title, [head, ...rows]) {
  console.log(`\n${title}\n`)
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`)
}
