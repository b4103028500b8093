// Measures the pages of `btkit track` with many torrents: the time of each kind of page, and the memory that they
// take. The swarms have peers. Build first. Needs Linux.
//
//   node bench/pages.js [TORRENTS]
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { btkit, makeScratch, median, peakMemory, printTable } from './support.js'

const torrents = Number(process.argv[2] ?? 50_000)
const RUNS = 200
/** Milliseconds between pages, of which the tracker makes 50 a second, and of those that count as five. */
const PAUSE = 25
const JSON_PAUSE = 5 * PAUSE
const CATEGORIES = 40
const ANNOUNCES = 20_000
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

await main()

async function main() {
  const scratch = makeScratch({ inMemory: true })
  const root = join(scratch, 'torrents')
  const hashes = plant(root)
  const state = join(scratch, 'state')
  const bare = await startTracker(scratch, [
    ...optionsFor(root, join(scratch, 'bare')),
    '--catalogue',
    'off',
  ])
  await settle()
  const before = memoryOf(bare.child)
  bare.child.kill()
  const { child, address } = await startTracker(scratch, optionsFor(root, state))
  await announce(address, hashes)
  await settle()
  const started = memoryOf(child)
  const rows = []
  for (const [what, path, pause = PAUSE] of pages(hashes)) {
    const before = () => setTimeout(pause)
    rows.push([what, ...(await timeOf(child, (i) => address + path(i), { before }))])
  }
  rows.push(['a list after a change', ...(await timeOfChanges(child, root, address))])
  await settle()
  printTable(`Pages of ${torrents} torrents, milliseconds`, [
    ['what', 'median', 'p99', 'processor', 'KB'],
    ...rows,
  ])
  printTable('Memory of the tracker, MiB', [
    ['without a catalogue', 'with one, before its pages', 'after all pages', 'peak'],
    [before, started, memoryOf(child), peakMemory(child.pid)].map((each) => each.toFixed(0)),
  ])
  child.kill()
  agent.destroy()
}

/** The pages, each by a function of the number of the request. */
function pages(hashes) {
  const words = ['package', 'tools 7', 'x86_64 99', 'nothing']
  const sorts = ['name', 'size', 'added', 'complete', 'downloading', 'downloaded']
  return [
    ['front page', () => '/catalogue/'],
    ['a category', (i) => `/catalogue/group-${i % CATEGORIES}/`],
    [
      'all torrents, any page',
      (i) => `/catalogue/?sort=name&page=${1 + ((i * 37) % (torrents / 100))}`,
    ],
    [
      'all torrents, any order',
      (i) => `/catalogue/?sort=${sorts[i % 6]}&order=desc&page=${1 + (i % 9)}`,
    ],
    [
      'a search',
      (i) => `/catalogue/?${new URLSearchParams({ q: words[i % 4], sort: sorts[i % 6] })}`,
    ],
    ['a torrent', (i) => `/torrent?info_hash=${hashes[(i * 7919) % hashes.length]}`],
    ['charts of all', () => '/activity'],
    ['a feed', (i) => `/catalogue/group-${i % CATEGORIES}/feed.xml`],
    [
      '1,000 as JSON',
      (i) => `/catalogue/index.json?page=${1 + (i % (torrents / 1000))}`,
      JSON_PAUSE,
    ],
    ["bttrack's own page", (i) => `/?page=${1 + (i % 9)}`],
  ]
}

/** Writes torrents of one file in categories of two levels; returns their info hashes. */
function plant(root) {
  return Array.from({ length: torrents }, (_, i) => {
    const directory = join(root, `group-${i % CATEGORIES}`, `part-${i % 200}`)
    if (i < 200 * CATEGORIES) mkdirSync(directory, { recursive: true })
    return plantTorrent(directory, i)
  })
}

function plantTorrent(directory, i) {
  const name = `package-${i}-tools-${i % 97}.x86_64.rpm`
  const length = (i + 1) * 1000
  const pieces = 'p'.repeat(20 * Math.ceil(length / 2 ** 20))
  const info = `d6:lengthi${length}e4:name${text(name)}12:piece lengthi${2 ** 20}e6:pieces${text(pieces)}e`
  const announce = text('http://tracker.example.org/announce')
  const comment = text('A package, for measurements.')
  const torrent = `d8:announce${announce}7:comment${comment}4:info${info}e`
  writeFileSync(join(directory, `${name}.torrent`), torrent)
  return createHash('sha1').update(info).digest('hex')
}

/** A text in bencode. */
function text(value) {
  return `${value.length}:${value}`
}

function optionsFor(root, state) {
  return ['--allowed-dir', root, '--state', state, '--port', '0', '--no-udp', '--allow-get']
}

async function startTracker(scratch, args) {
  const child = spawn(process.execPath, [btkit, 'track', ...args, '--host', '127.0.0.1'])
  process.on('exit', () => child.kill())
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  while (!/^state:/m.test(said)) await setTimeout(20)
  return { child, address: /^address: +(\S+)\/announce/m.exec(said)[1] }
}

/** Announces peers to some torrents, more to the first. */
async function announce(address, hashes) {
  for (let start = 0; start < ANNOUNCES; start += 16) {
    const batch = Array.from({ length: 16 }, (_, k) => {
      const i = start + k
      const hash = hashes[(i * i) % hashes.length].replace(/../g, '%$&')
      const peer = `peer_id=${String(i).padStart(20, '-')}&port=${1000 + (i % 60_000)}`
      return ask(`${address}/announce?info_hash=${hash}&${peer}&left=${i % 3}`)
    })
    await Promise.all(batch)
  }
}

/** Median and 99th percentile of the time of pages, their processor time, and the median of their size. */
async function timeOf(child, address, { runs = RUNS, before }) {
  const asked = []
  let used = 0
  for (let i = 0; i < runs; i++) {
    await before(i)
    const start = processorTime(child)
    const answer = await ask(address(i))
    used += processorTime(child) - start
    if (answer.status !== 200) throw new Error(`${address(i)}: status ${answer.status}`)
    asked.push(answer)
  }
  const times = asked.map(({ time }) => time).sort((a, b) => a - b)
  const size = median(asked.map(({ bytes }) => bytes)) / 1000
  const figures = [median(times), times[Math.floor(0.99 * runs)], used / runs]
  return [...figures.map((each) => each.toFixed(1)), size.toFixed(0)]
}

/** The same of the first page after a torrent was added. */
function timeOfChanges(child, root, address) {
  const before = async (i) => {
    plantTorrent(join(root, 'group-0'), torrents + i)
    await setTimeout(4000)
  }
  return timeOf(child, () => `${address}/catalogue/?sort=name`, { runs: 5, before })
}

/** Processor time that a process has used, in milliseconds, of hundredths of a second. */
function processorTime({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

function ask(address) {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    get(address, { agent }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk) => (bytes += chunk.length))
      answer.on('end', () => {
        resolve({ status: answer.statusCode, time: performance.now() - started, bytes })
      })
    }).on('error', reject)
  })
}

/** Waits for the collector of garbage. */
function settle() {
  return setTimeout(3000)
}

function memoryOf({ pid }) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}
