// Announces over UDP to trackers that share swarms through Redis, beside one with swarms in memory:
// one tracker, and two at once. Also says how busy Redis is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { printTable } from '../support.js'
import { cpuSeconds, startTrack, stop } from './programs.js'

const UDP_LOAD = fileURLToPath(new URL('udp-load.js', import.meta.url))
const PORT = 16399

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
  redis.kill()
  printTable('Announces over UDP, swarms shared through Redis', rows)
}

async function load(port, seconds) {
  const args = [UDP_LOAD, `${port}`, `${seconds}`, 'announce']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  await once(child, 'close')
  return JSON.parse(output).rate
}
