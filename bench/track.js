// Compares `btkit track` with Node's own limit and with opentracker, over HTTP and UDP, and
// measures a million peers, and what a second tracker with the same Redis costs. Needs
// wrk for HTTP and redis-server for the second tracker; uses opentracker if it is installed. Rates are given for
// each second, and for each second of the server's processor time: the load runs on the same
// machine, and takes its share of it.
//
//   node bench/track.js [SECONDS] [http] [udp] [million] [exchange]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { chmodSync } from 'node:fs'
import { hasProgram, makeScratch, median, printTable } from './support.js'
import { lookAtExchange } from './track/exchange.js'
import { lookAtMillion } from './track/million.js'
import { cpuSeconds, startBare, startOpentracker, startTrack, stop } from './track/programs.js'

const [first, ...others] = process.argv.slice(2)
const seconds = Number(first) || 3
const chosen = new Set(Number(first) ? others : process.argv.slice(2))
const TURNS = 3
const CONNECTIONS = 50
const LUA = fileURLToPath(new URL('track/announces.lua', import.meta.url))
const UDP_LOAD = fileURLToPath(new URL('track/udp-load.js', import.meta.url))

const scratch = makeScratch({ inMemory: false })
chmodSync(scratch, 0o755)
const NEEDS = { http: ['wrk'], million: ['wrk'], exchange: ['redis-server'] }
const withOpentracker = hasProgram('opentracker')

const parts = { http: compareHttp, udp: compareUdp, million, exchange }
for (const [name, act] of Object.entries(parts)) {
  if (chosen.size > 0 && !chosen.has(name)) continue
  const missing = NEEDS[name]?.find((program) => !hasProgram(program))
  if (missing === undefined) await act()
  else console.log(`track: ${name}: ${missing} is not installed`)
}

async function compareHttp() {
  const programs = {
    'node:http': await startBare('http'),
    'btkit track': await startTrack(scratch, '--no-udp'),
    ...(withOpentracker && { opentracker: await startOpentracker(scratch) }),
  }
  const kept = { ...programs }
  // It closes each connection
  delete kept.opentracker
  await compare('Announces over HTTP, connections kept', kept, (program) => loadHttp(program))
  await compare('Announces over HTTP, a connection each', programs, (program) =>
    loadHttp(program, { isClosed: true }),
  )
  for (const program of Object.values(programs)) await stop(program)
}

async function compareUdp() {
  const programs = {
    'node:dgram': await startBare('udp'),
    'btkit track': await startTrack(scratch),
    ...(withOpentracker && { opentracker: await startOpentracker(scratch) }),
  }
  await compare('Announces over UDP', programs, (program) =>
    loadUdp(program, program === programs['node:dgram'] ? 'echo' : 'announce'),
  )
  for (const program of Object.values(programs)) await stop(program)
}

async function million() {
  await lookAtMillion(scratch, { seconds, announceWith: LUA })
}

async function exchange() {
  await lookAtExchange(scratch, { seconds, loadWith: UDP_LOAD })
}

/** Loads programs in turns, and prints medians and what they are of the first. */
async function compare(title, programs, load) {
  const names = Object.keys(programs)
  const results = names.map(() => [])
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [at, name] of names.entries()) results[at].push(await load(programs[name]))
  }
  const rates = results.map((all) => median(all.map(({ rate }) => rate)))
  const busy = results.map((all) => median(all.map(({ perCpu }) => perCpu)))
  printTable(title, [
    ['what', 'a second', 'of the first', 'a second of its processor time', 'of the first'],
    ...names.map((name, at) => [
      name,
      rates[at].toFixed(0),
      (rates[at] / rates[0]).toFixed(2),
      busy[at].toFixed(0),
      (busy[at] / busy[0]).toFixed(2),
    ]),
  ])
}

async function loadHttp(program, { isClosed = false } = {}) {
  const header = isClosed ? ['-H', 'Connection: close'] : []
  const address = `http://127.0.0.1:${program.port}/`
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}`, '-s', LUA, ...header, address]
  const said = await measure(program, 'wrk', args)
  if (/Non-2xx/.test(said.output)) throw new Error(said.output)
  return rateOf(said, Number(/Requests\/sec:\s+([\d.]+)/.exec(said.output)[1]))
}

async function loadUdp(program, kind) {
  const args = [UDP_LOAD, `${program.port}`, `${seconds}`, kind]
  const said = await measure(program, process.execPath, args)
  return rateOf(said, JSON.parse(said.output).rate)
}

function rateOf({ cpu }, rate) {
  return { rate, perCpu: (rate * seconds) / cpu }
}

/** Runs what makes the load, and returns what it says and what the server used meanwhile. */
async function measure(program, command, args) {
  const before = cpuSeconds(program)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  await new Promise((resolve) => child.on('close', resolve))
  return { output, cpu: cpuSeconds(program) - before }
}
