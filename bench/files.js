// Compares the way `btkit serve` sends files with that of nginx (one worker, no log) and of a plain
// server of node:http (`readFile`), on the same files. Needs wrk; nginx, aria2c and another build of
// btkit (BTKIT_BENCH_BEFORE) if they are there. Each turn asks all programs, one after the other: the
// ratios are medians of those in one turn. Files are in memory, or where BTKIT_BENCH_ROOT says.
//
//   node bench/files.js [SECONDS] [whole] [small] [range] [listing] [many] [stopped] [seeds] [besides]
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
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
  tracker,
} from './support.js'
import { startNginx, startProgram } from './serve/programs.js'
import { cpuSeconds, memoryOf } from './track/programs.js'

const [first, ...others] = process.argv.slice(2)
const seconds = Number(first) || 3
const chosen = new Set(Number(first) ? others : process.argv.slice(2))
const PLAIN = fileURLToPath(new URL('serve/plain-server.js', import.meta.url))
const TURNS = 5
const MIB = 2 ** 20
const LARGE = 700
const RANGE = 256 * 1024
const DIRECTORIES = 40

if (hasProgram('wrk')) await main()
else console.log('files: wrk is not installed')

async function main() {
  const scratch = process.env.BTKIT_BENCH_ROOT ?? makeScratch({ inMemory: true })
  const root = join(scratch, 'root')
  plantRoot(root)
  await setTimeout(2100)
  const programs = await startPrograms(scratch, root)
  const parts = {
    whole: () => compare('One download of 700 MiB', programs, downloadOnce),
    small: () => compare('35 KB, 8 connections', programs, loadOf('/pub/small', 8)),
    range: () => compare('ranges of 256 KiB, 8 connections', programs, rangesOf(scratch)),
    listing: () => compare('a listing of 40 directories', programs, loadOf('/listing/', 8)),
    many: async () => {
      for (const count of [50, 500])
        await compare(`${count} downloads at once`, programs, downloadsOf(count))
    },
    stopped: () => stopReaders(programs),
    seeds: () => compareSeeds(scratch, programs),
    besides: () => besideDownloads(programs),
  }
  for (const [name, act] of Object.entries(parts)) {
    if (chosen.size === 0 || chosen.has(name)) await act()
  }
  for (const { child } of Object.values(programs)) child.kill()
  rmSync(root, { recursive: true, force: true })
}

function plantRoot(root) {
  mkdirSync(join(root, 'pub'), { recursive: true })
  plantFile(join(root, 'pub/large'), LARGE)
  plantFile(join(root, 'pub/part'), 64)
  writeFileSync(join(root, 'pub/small'), Buffer.alloc(35_000, 'small'))
  for (let i = 0; i < DIRECTORIES; i++)
    mkdirSync(join(root, 'listing', `directory-${i}`), { recursive: true })
}

/** Starts all programs; the first is the one that others are compared with. */
async function startPrograms(scratch, root) {
  const programs = {}
  if (hasProgram('nginx')) programs.nginx = await startNginx(scratch, root)
  programs['plain Node'] = await startProgram([PLAIN, root])
  const { BTKIT_BENCH_BEFORE: before } = process.env
  const builds = { 'btkit before': before, btkit }
  for (const [name, program] of Object.entries(builds)) {
    if (!program) continue
    const places = ['--port', '0', '--cache-dir', join(scratch, `cache-${name}`)]
    const log = ['--log-file', join(scratch, 'access.log'), '--log', 'text']
    const args = ['serve', root, ...places, '--tracker', tracker, ...log]
    programs[name] = await startProgram([program, ...args], /^try:/m)
  }
  return programs
}

/** Measures all programs in turns, and prints each beside the first: its rate and processor time. */
async function compare(title, programs, measure) {
  const names = Object.keys(programs)
  const results = new Map(names.map((name) => [name, []]))
  for (let turn = -1; turn < TURNS; turn++) {
    for (const name of names) {
      const program = programs[name]
      const before = cpuSeconds(program)
      const done = await measure(program, name)
      // Plain Node has no listings
      if (done === null) results.delete(name)
      else if (turn >= 0)
        results.get(name).push({ rate: done.rate, cpu: (cpuSeconds(program) - before) / done.work })
    }
  }
  const [base] = results.values()
  const row = ([name, own]) => {
    const rates = own.map(({ rate }) => rate)
    const cpus = own.map(({ cpu }) => cpu * 1e6)
    const ratioOf = (what) => median(own.map((each, i) => each[what] / base[i][what])).toFixed(2)
    const spread = `${median(rates).toFixed(0)} (${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})`
    return [name, spread, ratioOf('rate'), median(cpus).toFixed(0), ratioOf('cpu')]
  }
  printTable(title, [
    ['program', 'a second', 'of the first', 'µs of processor time each', 'of the first'],
    ...[...results].map(row),
  ])
}

/** One download, in MiB. */
function downloadOnce({ address }) {
  const args = ['-so', '/dev/null', '-w', '%{time_total} %{size_download}', `${address}/pub/large`]
  const { stdout } = spawnSync('curl', args, { encoding: 'utf8' })
  const [time, size] = stdout.split(' ').map(Number)
  if (size !== LARGE * MIB) throw new Error(`curl got ${size} bytes`)
  return { rate: LARGE / time, work: LARGE }
}

function loadOf(path, connections, script = []) {
  return async ({ address }, name) => {
    if (name === 'plain Node' && path.endsWith('/')) return null
    const args = ['-t1', `-c${connections}`, `-d${seconds}`, ...script, address + path]
    const { stdout } = await runAsync('wrk', args)
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
    const [, requests] = /(\d+) requests in/.exec(stdout)
    return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]), work: Number(requests) }
  }
}

/** Ranges all over a file, as web seeds are asked for. */
function rangesOf(scratch) {
  const script = join(scratch, 'ranges.lua')
  writeFileSync(
    script,
    `local n = 0
    request = function()
      n = (n + 7) % 256
      local from = n * ${RANGE}
      return wrk.format('GET', nil, { Range = 'bytes=' .. from .. '-' .. (from + ${RANGE - 1}) })
    end`,
  )
  return loadOf('/pub/part', 8, ['-s', script])
}

/** So many downloads at once, in MiB; prints the memory beyond that at rest. */
function downloadsOf(count) {
  const size = Math.max(16, Math.floor(4096 / count))
  return async (program, name) => {
    const atRest = memoryOf(program)
    const started = performance.now()
    let most = 0
    const timer = setInterval(() => (most = Math.max(most, memoryOf(program))), 50)
    const range = `bytes=0-${size * MIB - 1}`
    await Promise.all(Array.from({ length: count }, () => download(program, '/pub/large', range)))
    clearInterval(timer)
    const taken = (performance.now() - started) / 1000
    if (name.startsWith('btkit'))
      console.log(`  ${name}: ${(most - atRest).toFixed(0)} MiB beyond rest`)
    return { rate: (count * size) / taken, work: count * size }
  }
}

/** Downloads without keeping anything; resolves at the end. */
function download({ address }, path, range) {
  return new Promise((resolve, reject) => {
    const { port } = new URL(address)
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', reject)
    socket.on('close', resolve)
    socket.on('data', () => undefined)
    const fields = ['Host: mirror.example', `Range: ${range}`, 'Connection: close']
    socket.write(`GET ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  })
}

/** 1,500 clients of 150 addresses that read nothing. */
async function stopReaders(programs) {
  const rows = []
  for (const [name, program] of Object.entries(programs)) {
    if (!name.startsWith('btkit')) continue
    const { port } = new URL(program.address)
    const sockets = []
    let closed = 0
    for (let i = 0; i < 1500; i++) {
      const localAddress = `127.0.1.${1 + (i % 150)}`
      const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress })
      socket.on('error', () => undefined)
      socket.on('close', () => closed++)
      socket.pause()
      socket.write('GET /pub/large HTTP/1.1\r\nHost: mirror.example\r\n\r\n')
      sockets.push(socket)
      if (i % 100 === 0) await setTimeout(20)
    }
    await setTimeout(5000)
    rows.push([name, `${memoryOf(program).toFixed(0)} MiB`, `${closed}`])
    for (const socket of sockets) socket.destroy()
    await setTimeout(1000)
  }
  printTable('1,500 readers that stop, of 150 addresses', [['program', 'memory', 'cut'], ...rows])
}

/** aria2c with only a web seed, and eight connections to it. */
async function compareSeeds(scratch, programs) {
  if (!hasProgram('aria2c')) return
  for (const count of [1, 8]) {
    await compare(`aria2c, ${count} connections, MiB`, programs, async ({ address }) => {
      const started = performance.now()
      const place = ['-d', scratch, '-o', 'got', '--allow-overwrite=true', '--file-allocation=none']
      const args = [...place, `-x${count}`, `-s${count}`, '-k1M', '-q', `${address}/pub/large`]
      const { status } = await runAsync('aria2c', args)
      if (status !== 0) throw new Error(`aria2c ended with ${status}`)
      return { rate: LARGE / ((performance.now() - started) / 1000), work: LARGE }
    })
  }
  rmSync(join(scratch, 'got'), { force: true })
}

/** How long others wait while 50 downloads run. */
async function besideDownloads(programs) {
  const rows = []
  for (const [name, program] of Object.entries(programs)) {
    if (!name.startsWith('btkit')) continue
    let isOver = false
    const keep = async () => {
      while (!isOver) await download(program, '/pub/large', `bytes=0-${LARGE * MIB - 1}`)
    }
    const downloads = Array.from({ length: 50 }, keep)
    await setTimeout(500)
    const times = []
    while (times.length < 300) {
      const started = performance.now()
      await (await fetch(`${program.address}/listing/?json`)).arrayBuffer()
      times.push(performance.now() - started)
    }
    isOver = true
    program.child.kill('SIGCONT')
    times.sort((a, b) => a - b)
    rows.push([name, times[150].toFixed(1), times[296].toFixed(1), times.at(-1).toFixed(1)])
    await Promise.all(downloads)
  }
  printTable('Others beside 50 downloads, milliseconds', [
    ['program', 'median', 'p99', 'most'],
    ...rows,
  ])
}

function runAsync(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout }))
  })
}
