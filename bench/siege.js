// A siege of `btkit serve`: strangers try all at once to make it slow, fat or deaf, beside an
// honest client. Ends with 0 if that client is served all the time.
//
//   node bench/siege.js [--seconds N] [ATTACKER...]
//   node bench/siege.js [--seconds N] search
//   node bench/siege.js [--seconds N] seed
//
// Attackers are named by their numbers in siege/attackers.js; without one, all take part. The second
// line has 50 people who search a mirror of a million names. The third
// line is a siege of `btkit seed`, see siege/seed.js; build the tests before, whose strangers it calls. The
// traffic uses only this machine's addresses and ends by itself. Needs Linux.
//
// Real attackers have processors of their own. Here they share the service's, so they run with a
// niceness of 10 and use only the remaining time. The last table shows each one's share of the
// processors. The honest client is a separate process with the priority of the service.
import { fork, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ATTACKERS, SEARCHES } from './siege/attackers.js'
import { getText, send } from './siege/client.js'
import { askSteadily, percentile } from './siege/honest.js'
import { MOUNT, PACKAGES, plantMirror } from './siege/mirror.js'
import { btkit, makeScratch, peakMemory, printTable, processesOf, tracker } from './support.js'

const MIB = 2 ** 20
const PATIENCE_AT_END = 60_000
const NICENESS_OF_ATTACKERS = 10

/** Of the kernel's clock, in which it tells what processes took: the same on all of Linux. */
const TICKS_PER_SECOND = 100

const { values, positionals } = parseArgs({
  args: process.argv[1] === fileURLToPath(import.meta.url) ? process.argv.slice(2) : [],
  options: {
    seconds: { type: 'string', default: '60' },
  },
  allowPositionals: true,
})
const seconds = Number(values.seconds)
const isOfSeed = positionals[0] === 'seed'
const all = Object.keys(ATTACKERS).map(Number)
const named = { search: [SEARCHES], seed: [] }[positionals[0]] ?? positionals.map(Number)
const numbers = named.length > 0 ? named : all.filter((number) => number !== SEARCHES)
const LATENCY = numbers.length > 1 ? 1000 : 300
const GOALS = { latency: LATENCY, fresh: 3000, memory: 400, growth: 20, stop: 10 }

if (process.platform !== 'linux') {
  console.log('siege: needs Linux')
} else if (!(seconds > 0 && seconds <= 600) || !numbers.every((number) => ATTACKERS[number])) {
  console.error(
    `siege: attackers are ${Object.keys(ATTACKERS).join(', ')}, and seconds at most 600`,
  )
  process.exitCode = 2
} else if (isOfSeed) {
  const { besiegeSeed } = await import('./siege/seed.js')
  const held = await besiegeSeed(seconds, NICENESS_OF_ATTACKERS)
  process.exit(held ? 0 : 1)
} else {
  await main()
}

async function main() {
  // Ends the processes that were started
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  const mirror = makeScratch({ inMemory: true })
  const cache = mkdtempSync(join(tmpdir(), 'btkit-siege-'))
  process.on('exit', () => rmSync(cache, { recursive: true, force: true }))
  plantMirror(mirror, { hasLarge: numbers.includes(11), hasNames: numbers.includes(SEARCHES) })
  // Files that changed a moment ago would not be remembered
  await setTimeout(2100)
  const service = await startService(mirror, cache)
  await warmUp(service)
  const before = sizeOnDisk(cache)
  const attack = startAttack(service)
  const clock = startProcessorClock({
    service: processesOf(service.child.pid),
    attackers: [attack.pid],
  })
  const honest = await askSteadily(service.port, seconds)
  const processors = clock.read()
  const memory = memoryOf(service.child.pid)
  const descriptors = countDescriptors(service.child.pid)
  const stop = await stopService(service)
  const { answers, took } = await attack.end()
  report({
    honest,
    memory,
    descriptors,
    processors,
    stop,
    answers,
    took,
    growth: sizeOnDisk(cache) - before,
  })
}

/** Starts the service; nobody reads what it logs. */
async function startService(mirror, cache) {
  const args = ['--port', '0', '--cache-dir', cache, '--tracker', tracker]
  const log = numbers.includes(7) ? 'text' : 'off'
  const child = spawn(process.execPath, [btkit, 'serve', mirror, ...args, '--log', log], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve(signal ?? code)),
  )
  process.on('exit', () => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  while (!/^try:/m.test(said)) await setTimeout(10)
  return { child, ended, port: Number(/^address: .*:(\d+)$/m.exec(said)[1]) }
}

/** Has the torrents made that somebody asked for before the siege. */
async function warmUp({ port }) {
  const large = numbers.includes(11) ? ['/yum/warm/large.iso'] : []
  for (const path of ['/yum/warm/file', '/yum/7/Packages/*', ...large]) {
    const status = await send(port, getText(`${MOUNT}/single${path}`), { leaveAfter: 60_000 })
    if (status !== 200) throw new Error(`${path}: status ${status}`)
  }
  for (const name of PACKAGES.slice(0, 10)) {
    await send(port, getText(`${MOUNT}/single/yum/7/Packages/${name}`), {})
  }
}

function startAttack({ port }) {
  const script = fileURLToPath(new URL('siege/attack.js', import.meta.url))
  // They go on while the service is asked to stop
  const args = [port, seconds + 5, ...numbers].map(String)
  const child = fork(script, args)
  setPriority(child.pid, NICENESS_OF_ATTACKERS)
  process.on('exit', () => child.kill('SIGKILL'))
  const answers = new Promise((resolve) => {
    child.once('message', resolve)
    child.once('exit', () => resolve({ answers: {}, took: {} }))
  })
  return {
    pid: child.pid,
    end: () => {
      globalThis.setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
      return answers
    },
  }
}

/** Asks the service to stop; resolves with the seconds that took, and how it ended. */
async function stopService({ child, ended }) {
  const started = performance.now()
  child.kill('SIGTERM')
  const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), PATIENCE_AT_END)
  const how = await ended
  clearTimeout(timer)
  return { seconds: (performance.now() - started) / 1000, how }
}

/** Tells who had how much of the processors since, as shares of all there is of them. */
function startProcessorClock(pids) {
  const started = { time: performance.now(), ...ticksNow(pids) }
  return {
    read: () => {
      const available = ((performance.now() - started.time) / 1000) * availableParallelism()
      const now = ticksNow(pids)
      const shares = Object.keys(now).map((who) => {
        return [who, (now[who] - started[who]) / TICKS_PER_SECOND / available]
      })
      return Object.fromEntries(shares)
    },
  }
}

/** Processor time so far, in ticks: of processes, and of all others together. */
function ticksNow(pids) {
  const own = Object.entries({ ...pids, 'the honest client': [process.pid] }).map(([who, all]) => {
    return [who, all.reduce((sum, pid) => sum + ticksOf(pid), 0)]
  })
  const sum = own.reduce((total, [, ticks]) => total + ticks, 0)
  // user, nice, system, idle, iowait, irq, softirq
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .split(/\s+/)
    .map(Number)
  const busy = user + nice + system + irq + softirq
  return { ...Object.fromEntries(own), 'all others': busy - sum }
}

/** NaN when the process is gone. */
function ticksOf(pid) {
  try {
    // Behind the name, which is in parentheses, utime and stime are the 12th and 13th
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return NaN
  }
}

/** Of all its processes, in MiB; NaN when one is gone. */
function memoryOf(pid) {
  try {
    return processesOf(pid).reduce((sum, each) => sum + peakMemory(each), 0)
  } catch {
    return NaN
  }
}

function countDescriptors(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return NaN
  }
}

/** In MiB. */
function sizeOnDisk(directory) {
  const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).blocks * 512)
  return sizes.reduce((sum, size) => sum + size, 0) / MIB
}

function report({ honest, memory, descriptors, processors, stop, answers, took, growth }) {
  const latency = Math.max(percentile(honest.torrent, 0.99), percentile(honest.health, 0.99))
  const rows = [
    ["99th percentile of the honest client's requests", latency, GOALS.latency, 'ms'],
    ['longest first answer to a new client', percentile(honest.fresh, 1), GOALS.fresh, 'ms'],
    ['peak memory of the service', memory, GOALS.memory, 'MiB'],
    ['growth of its cache on disk', growth, GOALS.growth, 'MB'],
    ['time from SIGTERM to its end', stop.seconds, GOALS.stop, 's'],
  ].map(([what, value, goal, unit]) => ({ what, value, goal, unit, isMet: value < goal }))
  printTable(`Siege of ${seconds} s by ${numbers.map(describe).join(', ')}`, [
    ['what', 'measured', 'goal', ''],
    ...rows.map(({ what, value, goal, unit, isMet }) => {
      return [what, `${round(value)} ${unit}`, `< ${goal} ${unit}`, isMet ? 'held' : 'broken']
    }),
  ])
  printTable('Besides', [
    ['what', 'measured'],
    ...['torrent', 'health', 'cold', 'fresh'].map((name) => [name, describeTimes(honest[name])]),
    ['requests without a good answer', describeCounts(honest.failures) || 'none'],
    ['descriptors at the end', descriptors],
    ['shares of the processors', describeShares(processors)],
    ['how the service ended', stop.how],
    ...Object.entries(answers).map(([number, counts]) => {
      return [`answers to attacker ${number}`, describeCounts(counts)]
    }),
    ...Object.entries(took).map(([number, times]) => {
      return [`times of attacker ${number}`, describeTimes(times)]
    }),
  ])
  if (!rows.every(({ isMet }) => isMet) || stop.how !== 0) process.exitCode = 1
}

function describe(number) {
  return `${number} (${ATTACKERS[number].name})`
}

function describeTimes(times) {
  const shares = { median: 0.5, '99 %': 0.99, longest: 1 }
  const parts = Object.entries(shares).map(([name, share]) => {
    return `${name} ${round(percentile(times, share))} ms`
  })
  return `${times.length} requests, ${parts.join(', ')}`
}

function describeCounts(counts) {
  const parts = Object.entries(counts).map(([status, count]) => {
    return `${count} × ${status === '0' ? 'none' : status}`
  })
  return parts.join(', ')
}

function describeShares(shares) {
  return Object.entries(shares)
    .map(([who, share]) => `${who} ${round(100 * share)} %`)
    .join(', ')
}

function round(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : String(value)
}
