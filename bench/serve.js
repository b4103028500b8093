// Compares `btkit serve` with nginx serving the same bytes as files, a cold torrent with
// makemetafile, and looks at warm requests while files are being hashed. Needs nginx and wrk.
//
//   node bench/serve.js [SECONDS]
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
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

const seconds = Number(process.argv[2] ?? 5)
const RUNS = 3
const CONNECTIONS = 50
const MIB = 2 ** 20
const GIB = 2 ** 30
const NGINX_PORT = 18_081

if (!hasProgram('nginx') || !hasProgram('wrk')) {
  console.log('serve: nginx or wrk is not installed')
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
    const nginx = await startNginx(scratch, service)
    try {
      compareWithNginx(service)
    } finally {
      nginx.kill()
    }
    await compareWithMake(mirror, service)
    await hashBesides(mirror, service)
  } finally {
    service.child.kill()
  }
}

function plantHole(path, size) {
  writeFileSync(path, '')
  truncateSync(path, size)
}

/** Starts the service on a free port, with a cache of its own. */
async function startService(scratch, mirror) {
  const args = ['--port', '0', '--cache-dir', join(scratch, 'cache'), '--tracker', tracker]
  args.push('--log', 'off')
  const child = spawn(process.execPath, [btkit, 'serve', mirror, ...args])
  process.on('exit', () => child.kill())
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  while (!/^try:/m.test(said)) await setTimeout(10)
  return { child, address: /^address: +(\S+)/m.exec(said)[1] }
}

function torrentAddress({ address }, name) {
  return `${address}/m/torrent_service/single/m/${name}`
}

/** nginx with one worker, which serves the torrents that the service makes as files. */
async function startNginx(scratch, service) {
  const www = join(scratch, 'www')
  mkdirSync(www)
  for (const name of ['small', 'large']) {
    const response = await fetch(torrentAddress(service, name))
    writeFileSync(join(www, name), Buffer.from(await response.arrayBuffer()))
  }
  const conf = join(scratch, 'nginx.conf')
  writeFileSync(
    conf,
    `${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; pid ${scratch}/pid; error_log ${scratch}/error.log;
    events { worker_connections 20000; }
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
      default_type application/x-bittorrent;
      server { listen 127.0.0.1:${NGINX_PORT}; root ${www}; }
    }`,
  )
  const child = spawn('nginx', ['-c', conf], { stdio: 'ignore' })
  process.on('exit', () => child.kill())
  await setTimeout(500)
  return child
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

function compareWithNginx(service) {
  const rows = []
  for (const name of ['small', 'large']) {
    const rates = { nginx: [], btkit: [] }
    for (let turn = -1; turn < RUNS; turn++) {
      const nginx = load(`http://127.0.0.1:${NGINX_PORT}/${name}`)
      const own = load(torrentAddress(service, name))
      if (turn < 0) continue
      rates.nginx.push(nginx.rate)
      rates.btkit.push(own.rate)
    }
    const [theirs, ours] = [median(rates.nginx), median(rates.btkit)]
    const ratio = median(rates.btkit.map((rate, i) => rate / rates.nginx[i]))
    rows.push([`${name} torrent`, theirs.toFixed(0), ours.toFixed(0), ratio.toFixed(2)])
  }
  printTable('Warm torrents, requests a second', [['what', 'nginx', 'btkit', 'ratio'], ...rows])
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
  // What changed just now would not be remembered, and so be hashed twice
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
