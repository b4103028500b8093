// A siege of `btkit serve`: strangers try all at once to make it slow, fat or deaf, beside an
// honest client. Ends with 0 if that client is served all the time.
//
//   node bench/siege.js [--seconds N] [--share S] [ATTACKER...]
//
// Attackers are named by their numbers in siege/attackers.js; without one, all take part except
// number 18: 50 people who search a mirror of a million names. With --share 0.5, the service has
// half the time of the processors: it is stopped for 5 of each 10 ms. The traffic uses only this
// machine's addresses and ends by itself. Needs Linux. The rows of beside/rows/siege.js start this
// program.
//
// Real attackers have processors of their own. Here they share the service's, so they run with a
// niceness of 10 and use only the remaining time. The honest client is a separate process with the
// priority of the service.
import { fork } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cpuSeconds, freePort, start, waitFor } from './beside/programs.js'
import { ATTACKERS, goalsOf, SEARCHES } from './siege/attackers.js'
import { getText, send } from './siege/client.js'
import { askSteadily, percentile } from './siege/honest.js'
import { MOUNT, PACKAGES, plantMirror } from './siege/mirror.js'
import { btkit, makeScratch, MIB, peakMemory, printTable, processesOf, tracker } from './support.js'

const PATIENCE_AT_END = 60_000
const NICENESS_OF_ATTACKERS = 10

/** The address of the one who asked for torrents before the siege. */
const BEFORE = '127.0.3.1'

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    share: { type: 'string', default: '1' },
  },
  allowPositionals: true,
})
const [seconds, share] = [values.seconds, values.share].map(Number)
const all = Object.keys(ATTACKERS).map(Number)
const numbers =
  positionals.length > 0 ? positionals.map(Number) : all.filter((number) => number !== SEARCHES)

if (
  !(seconds > 0 && seconds <= 600) ||
  !(share > 0 && share <= 1) ||
  !numbers.every((number) => ATTACKERS[number])
) {
  console.error(`siege: attackers are ${all.join(', ')}, and seconds at most 600`)
  process.exitCode = 2
} else {
  await main()
}

async function main() {
  // Ends the processes that were started
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  const [mirror, cache] = [true, false].map((inMemory) => makeScratch({ inMemory }))
  plantMirror(mirror, { hasLarge: numbers.includes(11), hasNames: numbers.includes(SEARCHES) })
  // Files that changed a moment ago would not be remembered
  await setTimeout(2100)
  const isTracker = numbers.some((number) => ATTACKERS[number].onTracker)
  const trackerPort = isTracker ? await freePort() : undefined
  const { child, port } = await startService(mirror, cache, trackerPort)
  await warmUp(port)
  const [before, worked] = [sizeOnDisk(cache), cpuSeconds({ child })]
  const throttle = share < 1 ? startThrottle(child.pid) : null
  const attack = startAttack(port, trackerPort)
  const honest = await askSteadily(port, seconds, trackerPort, () => workOf(child.pid))
  const [memory, cpu] = [memoryOf(child.pid), (cpuSeconds({ child }) - worked) / seconds]
  throttle?.disconnect()
  const stop = await stopService(child)
  report(honest, await attack, { memory, cpu, stop, growth: sizeOnDisk(cache) - before })
}

/** Milliseconds that the main thread of a process has worked. */
function workOf(pid) {
  const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}

/** Starts the service; nobody reads what it logs. */
async function startService(mirror, cache, trackerPort) {
  const track = ['--track', '--track-port', `${trackerPort}`]
  const args = ['--port', '0', '--cache-dir', cache, '--tracker', tracker]
  const log = ['--log', numbers.includes(7) ? 'text' : 'off']
  const command = [process.execPath, btkit, 'serve', mirror, ...args, ...log]
  if (trackerPort !== undefined) command.push(...track)
  const child = start(command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [, port] = await waitFor(child, /^address: .*:(\d+)$[^]*^try:/m)
  return { child, port: Number(port) }
}

/** Has the torrents made that somebody asked for before the siege. */
async function warmUp(port) {
  const large = numbers.includes(11) ? ['/yum/warm/large.iso'] : []
  for (const path of ['/yum/warm/file', '/yum/7/Packages/*', ...large]) {
    const text = getText(`${MOUNT}/single${path}`)
    const ask = () => send(port, text, { from: BEFORE, leaveAfter: 60_000 })
    let status = await ask()
    // It is hashed still
    while (status === 503) status = await ask()
    if (status !== 200) throw new Error(`${path}: status ${status}`)
  }
  for (const name of PACKAGES.slice(0, 10)) {
    await send(port, getText(`${MOUNT}/single/yum/7/Packages/${name}`), { from: BEFORE })
  }
}

/** Takes a part of the processors' time from the service. */
function startThrottle(pid) {
  const script = fileURLToPath(new URL('siege/throttle.js', import.meta.url))
  const throttle = fork(script, [share, ...processesOf(pid)].map(String))
  // Without the right to that, its pauses are longer
  if (process.getuid() === 0) setPriority(throttle.pid, -10)
  process.on('exit', () => throttle.kill('SIGKILL'))
  return throttle
}

/** Resolves with the answers that attackers had, once they have gone. */
function startAttack(port, trackerPort) {
  const script = fileURLToPath(new URL('siege/attack.js', import.meta.url))
  // They go on while the service is asked to stop
  const child = fork(script, [port, trackerPort ?? NaN, seconds + 5, ...numbers].map(String))
  setPriority(child.pid, NICENESS_OF_ATTACKERS)
  process.on('exit', () => child.kill('SIGKILL'))
  return new Promise((resolve) => {
    child.once('message', resolve)
    child.once('exit', () => resolve({ answers: {}, took: {} }))
  })
}

/** Asks the service to stop; resolves with the seconds that took, and how it ended. */
async function stopService(child) {
  const started = performance.now()
  const ended = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve(signal ?? code)),
  )
  child.kill('SIGTERM')
  const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), PATIENCE_AT_END)
  const how = await ended
  clearTimeout(timer)
  return { seconds: (performance.now() - started) / 1000, how }
}

/** Of all its processes, in MiB; NaN when one is gone. */
function memoryOf(pid) {
  try {
    return processesOf(pid).reduce((sum, each) => sum + peakMemory(each), 0)
  } catch {
    return NaN
  }
}

/** In MiB. */
function sizeOnDisk(directory) {
  const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).blocks)
  return (sizes.reduce((sum, blocks) => sum + blocks, 0) * 512) / MIB
}

function report(honest, { answers, took }, { memory, cpu, stop, growth }) {
  const goals = goalsOf(numbers.length)
  const asked = ['torrent', 'health', 'announce', 'page'].filter((name) => honest[name].length > 0)
  const latency = Math.max(...asked.map((name) => percentile(honest[name], 0.99)))
  const rows = [
    ["99th percentile of the honest client's requests", latency, goals.latency, 'ms'],
    ['longest first answer to a new client', percentile(honest.fresh, 1), goals.fresh, 'ms'],
    ['peak memory of the service', memory, goals.memory, 'MiB'],
    ['growth of its cache on disk', growth, goals.growth, 'MB'],
    ['time from SIGTERM to its end', stop.seconds, goals.stop, 's'],
  ]
  const names = numbers.map((number) => `${number} (${ATTACKERS[number].name})`)
  printTable(`Siege of ${seconds} s by ${names.join(', ')}`, [
    ['what', 'measured', 'goal', ''],
    ...rows.map(([what, value, goal, unit]) => {
      const verdict = value < goal ? 'held' : 'broken'
      return [what, `${round(value)} ${unit}`, `< ${goal} ${unit}`, verdict]
    }),
  ])
  const kinds = [...asked, 'cold', 'fresh'].map((name) => [name, timesOf(honest[name])])
  printTable('Besides', [
    ['what', 'measured'],
    ...kinds,
    ['a person', timesOf(honest.person.took)],
    ['work of the service while a person waits', timesOf(honest.person.worked)],
    ['processors that the service used', round(cpu)],
    ['requests without a good answer', JSON.stringify(honest.failures)],
    ['how the service ended', stop.how],
    ...Object.entries(answers).map(([n, counts]) => [`attacker ${n}`, JSON.stringify(counts)]),
    ...Object.entries(took).map(([n, times]) => [`times of attacker ${n}`, timesOf(times)]),
  ])
  if (!rows.every(([, value, goal]) => value < goal) || stop.how !== 0) process.exitCode = 1
}

function timesOf(times) {
  const shares = Object.entries({ median: 0.5, '99 %': 0.99, longest: 1 })
  const parts = shares.map(([name, share]) => `${name} ${round(percentile(times, share))} ms`)
  return `${times.length} requests, ${parts.join(', ')}`
}

function round(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : String(value)
}
