// Compares `btkit serve` with a bare server of node:http that sends the same answers, and with
// nginx serving the same bytes as files, if it is installed. Also compares a cold torrent with
// makemetafile, and measures warm requests while files are being hashed. Needs wrk. Rates are given
// for each second, and for each second of the server's processor time: the load runs on the same
// machine, and takes its share of it.
//
//   node bench/serve.js [SECONDS] [warm] [cold] [besides]
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  btkit,
  hasProgram,
  makeScratch,
  median,
  peakMemory,
  plantFile,
  printTable,
  processesOf,
  runBtkit,
  tracker,
} from './support.js'
import { startNginx, startProgram } from './serve/programs.js'
import { cpuSeconds } from './track/programs.js'

const [first, ...others] = process.argv.slice(2)
const seconds = Number(first) || 5
const chosen = new Set(Number(first) ? others : process.argv.slice(2))
const BARE = fileURLToPath(new URL('serve/bare-server.js', import.meta.url))
const RUNS = 3
const CONNECTIONS = 50
const MIB = 2 ** 20

if (!hasProgram('wrk')) {
  console.log('serve: wrk is not installed')
} else {
  await main()
}

async function main() {
  const scratch = makeScratch({ inMemory: true })
  const mirror = join(scratch, 'mirror')
  mkdirSync(join(mirror, 'm'), { recursive: true })
  // Torrents of 4 KB and 80 KB: a digest has 20 bytes
  plantHole(join(mirror, 'm/small'), 194 * MIB)
  plantHole(join(mirror, 'm/large'), 4080 * MIB)
  plantFile(join(mirror, 'm/cold'), 4096)
  await setTimeout(2100)
  const service = await startService(scratch, mirror)
  try {
    const parts = {
      warm: () => compareWarm(scratch, service),
      cold: () => compareWithMake(mirror, service),
      besides: () => hashBesides(mirror, service),
    }
    for (const [name, act] of Object.entries(parts)) {
      if (chosen.size === 0 || chosen.has(name)) await act()
    }
  } finally {
    service.child.kill()
  }
}

function plantHole(path, size) {
  writeFileSync(path, '')
  truncateSync(path, size)
}

/** Starts the service on a free port, with a cache of its own. */
function startService(scratch, mirror) {
  const args = ['--port', '0', '--cache-dir', join(scratch, 'cache'), '--tracker', tracker]
  return startProgram([btkit, 'serve', mirror, ...args, '--log', 'off'], /^try:/m)
}

function torrentAddress({ address }, name) {
  return `${address}/m/torrent_service/single/m/${name}`
}

/** Keeps the torrents that the service makes, with the headers that Node does not add itself. */
async function keepAnswers(directory, service) {
  mkdirSync(directory)
  for (const name of ['small', 'large']) {
    const response = await fetch(torrentAddress(service, name))
    writeFileSync(join(directory, name), Buffer.from(await response.arrayBuffer()))
    const {
      date,
      connection,
      'keep-alive': kept,
      ...headers
    } = Object.fromEntries(response.headers)
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(headers))
  }
}

/** Loads an address, and returns requests a second and the 99th percentile in milliseconds. */
function load(address, duration = seconds) {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${duration}`, '--latency', address]
  const { stdout } = spawnSync('wrk', args, { encoding: 'utf8' })
  return readLoad(stdout)
}

function readLoad(said) {
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said)
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(said)
  const milliseconds = Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit]
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]), p99: milliseconds }
}

/** Warm torrents: ratios are those of pairs, as the machine has its moods. */
async function compareWarm(scratch, service) {
  const www = join(scratch, 'www')
  await keepAnswers(www, service)
  const programs = { 'node:http': await startProgram([BARE, www]), 'btkit serve': service }
  if (hasProgram('nginx')) programs.nginx = await startNginx(scratch, www)
  try {
    for (const name of ['small', 'large']) compareTorrent(name, programs)
  } finally {
    for (const program of Object.values(programs)) if (program !== service) program.child.kill()
  }
}

function compareTorrent(torrent, programs) {
  const names = Object.keys(programs)
  const results = names.map(() => [])
  for (let turn = -1; turn < RUNS; turn++) {
    for (const [at, name] of names.entries()) {
      const program = programs[name]
      const before = cpuSeconds(program)
      const isBtkit = name === 'btkit serve'
      const { rate } = load(
        isBtkit ? torrentAddress(program, torrent) : `${program.address}/${torrent}`,
      )
      const perCpu = (rate * seconds) / (cpuSeconds(program) - before)
      if (turn >= 0) results[at].push({ rate, perCpu })
    }
  }
  const row = (name, at) => {
    const cells = ['rate', 'perCpu'].map((what) => {
      const ratios = results[at].map((result, turn) => result[what] / results[0][turn][what])
      const rates = results[at].map((result) => result[what])
      return [median(rates).toFixed(0), median(ratios).toFixed(2)]
    })
    return [name, ...cells.flat()]
  }
  printTable(`A warm torrent, ${torrent}, connections kept`, [
    ['what', 'a second', 'of the first', 'a second of its processor time', 'of the first'],
    ...names.map(row),
  ])
}

/** A cold torrent of 4 GiB beside makemetafile, and the memory that it took so far. */
async function compareWithMake(mirror, service) {
  const file = join(mirror, 'm/cold')
  const output = `${mirror}/../cold.torrent`
  const make = ['makemetafile', file, tracker, '--piece-size-pow2', '20', '--no-cache', '--quiet']
  const times = { make: [], cold: [] }
  for (let turn = -1; turn < RUNS; turn++) {
    const made = runBtkit([...make, '--target', output])
    const cold = await timeCold(file, service)
    if (turn < 0) continue
    times.make.push(made.seconds)
    times.cold.push(cold)
  }
  const [make4, cold4] = [median(times.make), median(times.cold)]
  printTable('A torrent of 4 GiB in memory, seconds', [
    ['makemetafile', 'cold request', 'ratio'],
    [make4.toFixed(2), cold4.toFixed(2), (cold4 / make4).toFixed(2)],
  ])
}

/** Lets a file look new, and asks for its torrent. */
async function timeCold(file, service) {
  const long = new Date(Date.now() - 1e9 * Math.random())
  utimesSync(file, long, long)
  // Files that changed a moment ago would not be remembered, and so be hashed twice
  await setTimeout(2100)
  const started = performance.now()
  const response = await fetch(torrentAddress(service, 'cold'))
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return (performance.now() - started) / 1000
}

/** Warm requests while 4 GiB are hashed again and again. */
async function hashBesides(mirror, service) {
  const address = torrentAddress(service, 'small')
  const alone = load(address)
  const wrk = spawn('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${3 * seconds}`, '--latency', address])
  let said = ''
  wrk.stdout.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => wrk.on('close', resolve))
  let isOver = false
  void ended.then(() => (isOver = true))
  let jobs = 0
  while (!isOver) {
    await setTimeout(50)
    const now = new Date(Date.now() - 1e9 * Math.random())
    utimesSync(join(mirror, 'm/cold'), now, now)
    await (await fetch(torrentAddress(service, 'cold'))).arrayBuffer()
    jobs++
  }
  await ended
  const besides = readLoad(said)
  const memory = processesOf(service.child.pid).map((pid) => peakMemory(pid).toFixed(0))
  printTable('Warm requests while 4 GiB are being hashed', [
    ['', 'requests a second', '99th percentile'],
    ['alone', alone.rate.toFixed(0), `${alone.p99.toFixed(2)} ms`],
    [`beside ${jobs} hashings`, besides.rate.toFixed(0), `${besides.p99.toFixed(2)} ms`],
  ])
  console.log(`\nPeak memory of the service: ${memory.join(' and ')} MiB`)
}
