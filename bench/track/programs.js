// The programs that are compared, each on a port of its own.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { btkit } from '../support.js'

const BARE = fileURLToPath(new URL('bare-server.js', import.meta.url))
const NOBODY = 65534

/** Starts a bare server, `http` or `udp`; that of HTTP on so many threads. */
export async function startBare(kind, threads = 1) {
  const child = start(process.execPath, [BARE, kind, `${threads}`])
  const said = await waitFor(child, /^(\d+)$/m)
  return { child, port: Number(said[1]) }
}

let trackers = 0

/** Starts `btkit track` with swarms of its own. */
export async function startTrack(scratch, ...args) {
  trackers += 1
  const limits = ['--max-per-address-in-swarm', '65535', '--max-per-address', '65535']
  const place = [
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--state',
    join(scratch, `state-${trackers}`),
  ]
  const child = start(process.execPath, [btkit, 'track', '--open', ...place, ...limits, ...args])
  const said = await waitFor(child, /http:\/\/127\.0\.0\.1:(\d+)/)
  return { child, port: Number(said[1]) }
}

/** Starts opentracker, which must know its torrents. */
export async function startOpentracker(scratch) {
  const port = await freePort()
  const list = join(scratch, 'whitelist')
  const hashes = Array.from({ length: 200 }, (_, n) =>
    (n + 1).toString(16).padStart(2, '0').repeat(20),
  )
  writeFileSync(list, `${hashes.join('\n')}\n`, { mode: 0o644 })
  const places = ['-i', '127.0.0.1', '-p', `${port}`, '-P', `${port}`, '-d', '/', '-w', list]
  const who = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const child = start('opentracker', places, who)
  await setTimeout(1000)
  return { child, port }
}

const children = []
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))

export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  children.push(child)
  return child
}

/** Waits until a program has written what a pattern says, and returns the match. */
export async function waitFor(child, pattern, stream = child.stdout) {
  let said = ''
  stream.on('data', (chunk) => (said += chunk))
  while (!pattern.test(said)) {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`)
    await setTimeout(5)
  }
  return pattern.exec(said)
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ends a program and waits until it has. */
export async function stop({ child }) {
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGTERM')
  const late = globalThis.setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(late)
}

/** Seconds of processor time that a program has used. */
export function cpuSeconds({ child }) {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** MiB that a program takes up. */
export function memoryOf({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
}
