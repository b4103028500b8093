// Compares the listings of `btkit serve` with nginx's autoindex on the same directories, by the time
// to the first byte and to the last. Needs nginx.
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
/** Listings count for five seconds. */
const KEPT_FOR = 5100

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
    const rows = [
      ['nginx: autoindex, HTML', ...(await timeOf([theirs]))],
      ['btkit: HTML, 1000 of them', ...(await timeOf([page]))],
      ['btkit: JSON, all of them', ...(await timeOf(json))],
      ['btkit: HTML, read again', ...(await timeOf([page], { runs: 5, pause: KEPT_FOR }))],
    ]
    printTable(`A directory of ${entries} entries, milliseconds`, [
      ['what', 'first byte', 'last byte', 'KB'],
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

/** Median times of asking for addresses one after the other, after some that do not count. */
async function timeOf(addresses, { runs = RUNS, pause = 0 } = {}) {
  for (let i = 0; i < 15; i++) await ask(addresses[0])
  const asked = []
  for (let i = 0; i < runs; i++) {
    await setTimeout(pause)
    const parts = []
    for (const address of addresses) parts.push(await ask(address))
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0)
    asked.push({ first: parts[0].first, last: sum('last'), bytes: sum('bytes') })
  }
  const of = (key, digits) => median(asked.map((each) => each[key])).toFixed(digits)
  return [of('first', 1), of('last', 1), (asked[0].bytes / 1000).toFixed(0)]
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
