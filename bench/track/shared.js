// Announces over UDP to trackers that share swarms through Redis, beside one with swarms in memory:
// one tracker, and two at once. Also says how busy Redis is, and the memory that it needs for a peer.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import {
  callSwarm,
  SWARM_SCRIPTS,
  SwarmCalls,
} from '../../dist/src/tracker/shared-swarms/swarm-calls.js'
import { printTable } from '../support.js'
import { cpuSeconds, startTrack, stop } from './programs.js'

const UDP_LOAD = fileURLToPath(new URL('udp-load.js', import.meta.url))
const PORT = 16399
/** Peers whose memory is measured. */
const PEERS = 200_000
const CALLS = new SwarmCalls({
  peerTimeout: 2700,
  keepsEmpty: false,
  now: null,
  random: Math.random,
})

export async function compareShared(scratch, seconds) {
  const redis = spawn('redis-server', ['--port', `${PORT}`, '--save', ''], { stdio: 'ignore' })
  await setTimeout(1000)
  const store = ['--store', `redis://127.0.0.1:${PORT}`]
  const rows = [
    ['trackers', 'announces a second', 'a second of their processor time', 'a second of Redis’s'],
  ]
  const sets = {
    'one, in memory': [[]],
    'one, with --store': [store],
    'two, with --store': [store, store],
  }
  for (const [name, each] of Object.entries(sets)) {
    const trackers = await Promise.all(each.map((args) => startTrack(scratch, ...args)))
    const before = trackers.map(cpuSeconds)
    const redisBefore = cpuSeconds({ child: redis })
    const rates = await Promise.all(trackers.map(({ port }) => load(port, seconds)))
    const cpu = trackers.reduce((sum, tracker, at) => sum + cpuSeconds(tracker) - before[at], 0)
    const redisCpu = cpuSeconds({ child: redis }) - redisBefore
    const rate = rates.reduce((sum, each) => sum + each, 0)
    const count = rate * seconds
    const ofRedis = name.includes('store') ? (count / redisCpu).toFixed(0) : ''
    rows.push([name, rate.toFixed(0), (count / cpu).toFixed(0), ofRedis])
    await Promise.all(trackers.map(stop))
  }
  const memory = await measureMemory()
  redis.kill()
  printTable('Announces over UDP, swarms shared through Redis', rows)
  printTable('Memory of Redis', [['peers of a swarm', 'bytes a peer'], ...memory])
}

/** Rows of swarm sizes, and the bytes of Redis that a peer takes. */
async function measureMemory() {
  const client = new Redis({ port: PORT, scripts: SWARM_SCRIPTS, enableAutoPipelining: true })
  const rows = []
  for (const size of [10, 100, 1000, 10_000, 100_000]) {
    await client.flushall()
    const before = await usedMemory(client)
    for (let swarm = 0; swarm < PEERS / size; swarm++) await fill(client, size)
    rows.push(
      [size, ((await usedMemory(client)) - before) / PEERS].map((value) => value.toFixed(0)),
    )
  }
  client.disconnect()
  return rows
}

/** Announces peers with random addresses and keys to a new swarm; a fifth of them are seeds. */
async function fill(client, size) {
  const common = { infoHash: randomBytes(20), event: 'started', left: 1n, isPartial: false }
  const wants = { wanted: 50, wantsIds: false, wantsBothFamilies: false }
  for (let start = 0; start < size; start += 500) {
    const peers = Array.from({ length: Math.min(500, size - start) }, (_, i) => {
      // An IPv4 address in an IPv6 address
      const address = Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255]), randomBytes(4)])
      const [port, key] = [randomBytes(2).readUInt16BE() || 1, randomBytes(4).readUInt32BE()]
      const peer = { peerId: randomBytes(20), address, port, key, isComplete: i % 5 === 0 }
      return { ...common, ...wants, ...peer }
    })
    const answers = await Promise.all(peers.map((peer) => callSwarm(client, CALLS.announce(peer))))
    // The tracker keeps a list of all swarms
    if (answers.some(({ isFirst }) => isFirst)) await client.sadd('btkit:swarms', common.infoHash)
  }
}

async function usedMemory(client) {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1])
}

async function load(port, seconds) {
  const args = [UDP_LOAD, `${port}`, `${seconds}`, 'announce']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  await once(child, 'close')
  return JSON.parse(output).rate
}
