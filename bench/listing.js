// Compares the listings of `btkit serve` with nginx's autoindex on the same directories, by the time
// to the first byte and to the last, and by processor time. Needs nginx.
//
//   node bench/listing.js [ENTRIES]
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { btkit, hasProgram, makeScratch, median, printTable } from './support.js'

const entries = Number(process.argv[2] ?? 10_000)
const RUNS = 31
const NGINX_PORT = 18_082
/** A page is sent for a second without a look at its entries. */
const SHOWN_FOR = 1100

if (hasProgram('nginx')) await main()
else console.log('listing: nginx is not installed')

async function main() {
  const scratch = makeScratch({ inMemory: true })
  const root = join(scratch, 'mirror')
  mkdirSync(join(root, 'pool'), { recursive: true })
  for (let i = 0; i < entries; i++) {
    writeFileSync(join(root, 'pool', `package-${i}-1.${i % 40}.x86_64.rpm`), 'x'.repeat(i % 50))
  }
  await setTimeout(2100)
  const own = await startService(scratch, root)
  const nginx = await startNginx(scratch, root)
  try {
    const page = `${own.address}/pool/`
    const theirs = `http://127.0.0.1:${NGINX_PORT}/pool/`
    const all = Math.ceil(entries / 10_000)
    const json = Array.from({ length: all }, (_, i) => `${page}?json&page=${i + 1}`)
    const later = { first: 1, runs: 5, pause: SHOWN_FOR }
    const rows = [
      ['nginx: autoindex, HTML', ...(await timeOf(nginx, [theirs]))],
      ['btkit: HTML, the first time', ...(await timeOf(own.child, [page], { first: 0, runs: 1 }))],
      ['btkit: HTML, 1000 of them', ...(await timeOf(own.child, [page]))],
      ['btkit: JSON, all of them', ...(await timeOf(own.child, json))],
      ['btkit: HTML, a second later', ...(await timeOf(own.child, [page], later))],
      ['btkit: JSON, a second later', ...(await timeOf(own.child, json, later))],
    ]
    printTable(`A directory of ${entries} entries, milliseconds`, [
      ['what', 'first byte', 'last byte', 'processor', 'KB'],
      ...rows,
    ])
    const status = readFileSync(`/proc/${own.child.pid}/status`, 'utf8')
    const memory = /VmHWM:\s+(\d+)/.exec(status)[1] / 1024
    console.log(`\nPeak memory of the service: ${memory.toFixed(0)} MiB`)
  } finally {
    own.child.kill()
    nginx.kill()
  }
}

/** Median times of asking for addresses one after the other, after `first` that do not count. */
async function timeOf(child, addresses, { first = 15, runs = RUNS, pause = 0 } = {}) {
  for (let i = 0; i < first; i++) await ask(addresses[0])
  const asked = []
  let cpu = 0
  for (let i = 0; i < runs; i++) {
    await setTimeout(pause)
    const parts = []
    const before = cpuOf(child)
    for (const address of addresses) parts.push(await ask(address))
    cpu += cpuOf(child) - before
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0)
    asked.push({ first: parts[0].first, last: sum('last'), bytes: sum('bytes') })
  }
  const of = (key, digits) => median(asked.map((each) => each[key])).toFixed(digits)
  return [
    of('first', 1),
    of('last', 1),
    (cpu / runs).toFixed(0),
    (asked[0].bytes / 1000).toFixed(0),
  ]
}

/** Processor time of a program and its processes, in milliseconds. */
function cpuOf({ pid }) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []
  return [pid, ...children].reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'latin1').split(') ')[1].split(' ')
    return sum + 10 * (Number(fields[11]) + Number(fields[12]))
  }, 0)
}

function ask(address) {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    get(address, (answer) => {
      let [first, bytes] = [0, 0]
      answer.on('data', (chunk) => {
        first ||= performance.now() - started
        bytes += chunk.length
      })
      answer.on('end', () => resolve({ first, last: performance.now() - started, bytes }))
    }).on('error', reject)
  })
}

async function startService(scratch, root) {
  const args = ['--port', '0', '--cache-dir', join(scratch, 'cache'), '--trackerless']
  const child = spawn(process.execPath, [btkit, 'serve', root, ...args, '--log', 'off'])
  process.on('exit', () => child.kill())
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  while (!/^try:/m.test(said)) await setTimeout(10)
  return { child, address: /^address: +(\S+)/m.exec(said)[1] }
}

async function startNginx(scratch, root) {
  const conf = join(scratch, 'nginx.conf')
  writeFileSync(
    conf,
    `${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; pid ${scratch}/pid; error_log ${scratch}/error.log;
    events { worker_connections 1000; }
    http {
      access_log off;
      server { listen 127.0.0.1:${NGINX_PORT}; root ${root}; autoindex on; }
    }`,
  )
  const child = spawn('nginx', ['-c', conf], { stdio: 'ignore' })
  process.on('exit', () => child.kill())
  await setTimeout(500)
  return child
}
