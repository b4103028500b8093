// Compares `btkit seed` with libtorrent's own seeding, and measures ten thousand torrents that nobody
// asks for. Needs Linux and libtorrent's bindings for Python. The leechers are libtorrent's, too, and
// run on the same machine; the last column is the rate for each second of the seed's processor time.
//
//   node bench/seed.js [one] [many] [magnet] [serve] [idle]
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leech, plant, startBtkit, startLibtorrent } from './seed/programs.js'
import { btkit, median, peakMemory, printTable, tracker } from './support.js'
import { cpuSeconds, memoryOf, start, stop, waitFor } from './track/programs.js'

const CROWD = fileURLToPath(new URL('seed/crowd.js', import.meta.url))
const TURNS = 3

const chosen = new Set(process.argv.slice(2))
for (const [name, act] of Object.entries({ one, many, magnet, serve, idle })) {
  if (chosen.size === 0 || chosen.has(name)) await act()
}

async function one() {
  const release = plant('one', { files: 1, mib: 1024 })
  await compare('One leecher, 1 GiB', release, release.torrents)
}

async function many() {
  const release = plant('many', { files: 20, mib: 32 })
  const sources = Array.from({ length: 50 }, (_, n) => release.torrents[n % 20])
  await compare('50 leechers of 20 torrents, 32 MiB each', release, sources)
}

/** From a magnet link with the seed's address alone to the first byte. */
async function magnet() {
  const release = plant('magnet', { files: 1, mib: 64 })
  const seed = await startBtkit(release)
  const [infoHash] = release.hashes
  const link = `magnet:?xt=urn:btih:${infoHash}&x.pe=127.0.0.1:${seed.port}`
  const took = []
  for (let turn = 0; turn < TURNS; turn += 1) took.push(...(await leech(seed, [link])))
  await stop(seed)
  const [first, all] = ['first', 'all'].map((key) => median(took.map((each) => each[key])))
  printTable('A magnet link with x.pe, 64 MiB', [
    ['first byte', 'all'],
    [`${first.toFixed(2)} s`, `${all.toFixed(2)} s`],
  ])
}

/** How long requests of `btkit serve --seed` wait while a leecher downloads as fast as it can. */
async function serve() {
  const release = plant('serve', { files: 1, mib: 1024 })
  const place = ['--host', '127.0.0.1', '--port', '0', '--seed', '--seed-port', '0']
  const args = ['serve', release.data, '--tracker', tracker, ...place]
  const child = start(process.execPath, [btkit, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [, address, port] = await waitFor(child, /address: +(\S+)[^]*seeding: +port (\d+)/)
  child.stdout.resume()
  // A file that was just written is read again
  await setTimeout(3000)
  const link = (await (await fetch(`${address}/0.bin.magnet`)).text()).trim()
  const alone = await latencies(address, setTimeout(5000))
  const leeching = leech({ port }, [link])
  const beside = await latencies(address, leeching)
  const [{ all }] = await leeching
  printTable(
    `Requests of serve, ${(release.bytes / all / 1e6).toFixed(0)} MB/s seeded beside them`,
    [
      ['what', 'median', '99 of 100', 'longest'],
      ...Object.entries({ alone, beside }).map(([what, took]) => [
        what,
        ...[0.5, 0.99, 1].map((part) => `${took[Math.ceil(part * took.length) - 1].toFixed(1)} ms`),
      ]),
    ],
  )
  await stop({ child })
}

/** Milliseconds of requests, one each 10 ms until something is done, sorted. */
async function latencies(address, done) {
  const asking = []
  let isDone = false
  void done.then(() => (isDone = true))
  while (!isDone) {
    const began = performance.now()
    const answered = fetch(`${address}/0.bin.torrent`).then((answer) => answer.arrayBuffer())
    asking.push(answered.then(() => performance.now() - began))
    await setTimeout(10)
  }
  return (await Promise.all(asking)).sort((a, b) => a - b)
}

async function idle() {
  const announces = []
  const server = createServer((request, response) => {
    announces.push(performance.now())
    response.end('d8:intervali60e5:peers0:e')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const announce = `http://127.0.0.1:${server.address().port}/announce`
  const release = plant('idle', { files: 10_000, mib: 0.001, announce })
  // The first run has checked the data
  await stop(await startBtkit(release))
  announces.length = 0
  const began = performance.now()
  const seed = await startBtkit(release)
  const started = (performance.now() - began) / 1000
  const hashes = release.hashes.slice(0, 1000)
  const crowd = start(process.execPath, [CROWD, `${seed.port}`, '1000', ...hashes])
  const [, taken] = await waitFor(crowd, /^(\d+)$/m)
  await setTimeout(30_000)
  const before = cpuSeconds(seed)
  await setTimeout(60_000)
  const share = ((cpuSeconds(seed) - before) / 60) * 100
  const seconds = new Map()
  for (const at of announces) {
    const second = Math.floor((at - began) / 1000)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
  }
  printTable(`10,000 torrents and ${taken} peers that do nothing`, [
    ['start', 'memory', 'peak', 'of a core', 'announces', 'most in a second'],
    [
      `${started.toFixed(2)} s`,
      `${memoryOf(seed).toFixed(0)} MiB`,
      `${peakMemory(seed.child.pid).toFixed(0)} MiB`,
      `${share.toFixed(1)} %`,
      announces.length,
      Math.max(...seconds.values()),
    ],
  ])
  await stop({ child: crowd })
  await stop(seed)
  server.close()
  server.closeAllConnections()
}

/** Downloads in turns from both, and prints medians. */
async function compare(title, release, sources) {
  const seeds = {
    libtorrent: await startLibtorrent(release),
    'btkit seed': await startBtkit(release),
  }
  const results = Object.keys(seeds).map(() => [])
  const bytes = release.bytes * sources.length
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const [at, seed] of Object.values(seeds).entries()) {
      const before = cpuSeconds(seed)
      const took = (await leech(seed, sources)).map(({ all }) => all)
      const cpu = cpuSeconds(seed) - before
      const longest = Math.max(...took)
      const mean = took.reduce((sum, one) => sum + one, 0) / took.length
      const rates = [bytes / longest / 1e6, bytes / cpu / 1e6]
      if (turn >= 0) results[at].push([...rates, longest / mean])
    }
  }
  const rows = Object.keys(seeds).map((name, at) => {
    const [rate, perCore, unequal] = [0, 1, 2].map((n) => median(results[at].map((one) => one[n])))
    const [first] = results[0].length > 0 ? [median(results[0].map(([one]) => one))] : [rate]
    const figures = [`${rate.toFixed(0)} MB/s`, (rate / first).toFixed(2)]
    return [name, ...figures, unequal.toFixed(2), `${perCore.toFixed(0)} MB/s`]
  })
  printTable(title, [['what', 'rate', 'of libtorrent', 'slowest of the mean', 'a core'], ...rows])
  for (const seed of Object.values(seeds)) await stop(seed)
}
