// The programs that answer: how they start, and what they use. Needs Linux.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { processesOf, tracker } from '../support.js'

const children = []
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))

export function start([command, ...args], options = {}) {
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

/** Starts a program that prints its address, or its port alone, and waits for it. */
async function startServer(command, options) {
  const child = start(command, options)
  const [, port] = await waitFor(child, /(?:http:\/\/127\.0\.0\.1:|^)(\d+)(?=\/|$)/m)
  return { child, port: Number(port) }
}

/**
 * Starts the bare server: `udp`, or a directory of answers, as far away as so many milliseconds.
 */
export function startBare(...what) {
  const script = fileURLToPath(new URL('bare-server.js', import.meta.url))
  return startServer([process.execPath, script, ...what])
}

/** Starts `btkit serve`, with the row's cache unless another is named. */
export function startServe(places, who, root, ...args) {
  const place = ['--host', '127.0.0.1', '--port', '0', '--tracker', tracker]
  const command = places.command(who, ['serve', root, ...place, ...args])
  return startServer(command, { env: { ...process.env, ...places.envOf(who) } })
}

/** Starts `btkit track`, which takes all peers of this machine. */
export function startTrack(places, who, ...args) {
  const limits = ['--max-per-address-in-swarm', '65535', '--max-per-address', '65535']
  const place = ['--host', '127.0.0.1', '--port', '0']
  return startServer(places.command(who, ['track', ...place, ...limits, ...args]))
}

/** Starts nginx with one worker, which serves the files of a directory. */
export async function startNginx(places, www) {
  const [port, conf] = [await freePort(), join(places.scratch, 'nginx.conf')]
  writeFileSync(
    conf,
    `${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; master_process off;
    pid ${places.scratch}/pid; error_log ${places.scratch}/error.log;
    events { worker_connections 20000; }
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; autoindex on;
      default_type application/x-bittorrent;
      server { listen 127.0.0.1:${port}; root ${www}; }
    }`,
  )
  const child = start(['nginx', '-c', conf], { stdio: 'ignore' })
  await setTimeout(500)
  return { child, port }
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

/**
 * A row of services that run at the same time. `begin` starts what each build is, and `reference`
 * if there is something to compare with, as properties of `servers`; `measure` is given one of them
 * and its name.
 */
export function services({ begin, ...row }) {
  return {
    ...row,
    async prepare(places) {
      const { servers, measure } = await begin(places)
      return {
        reference: () => servers.reference && measure(servers.reference, 'reference'),
        run: (who) => measure(servers[who], who),
        end: () => Promise.all(Object.values(servers).map(stop)),
      }
    },
  }
}

/** Has a load made, and returns how many answers a second of a program's processor time gives. */
export async function perCpu(program, load) {
  const { cpu, result } = await cpuOf(program, load)
  return { perCpu: result / cpu }
}

/** Seconds of processor time that a program and those that it started have used. */
export function cpuSeconds({ child }) {
  return processesOf(child.pid).reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, pid === child.pid ? 15 : 13)
    return sum + ticks.reduce((all, each) => all + Number(each), 0) / 100
  }, 0)
}

/**
 * Runs something, and returns the processor time that a program used for it, and what came of it.
 */
export async function cpuOf(program, act) {
  const before = cpuSeconds(program)
  const result = await act()
  return { cpu: cpuSeconds(program) - before, result }
}

/** MiB that a program takes up. */
export function memoryOf({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
}
