// The servers that the benchmarks of `serve` compare.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const NGINX_PORT = 18_081

/** Starts a program that prints its address, and returns when it has printed what it is to wait for. */
export async function startProgram(args, isReady = /^address:/m) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill())
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  while (!isReady.test(said)) {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`)
    await setTimeout(10)
  }
  return { child, address: /^address: +(\S+)/m.exec(said)[1] }
}

/** Starts nginx with one worker, which serves the files of a directory. */
export async function startNginx(scratch, www) {
  const conf = join(scratch, 'nginx.conf')
  writeFileSync(
    conf,
    `${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; master_process off; pid ${scratch}/pid; error_log ${scratch}/error.log;
    events { worker_connections 20000; }
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; autoindex on;
      default_type application/x-bittorrent;
      server { listen 127.0.0.1:${NGINX_PORT}; root ${www}; }
    }`,
  )
  const child = spawn('nginx', ['-c', conf], { stdio: 'ignore' })
  process.on('exit', () => child.kill())
  await setTimeout(500)
  return { child, address: `http://127.0.0.1:${NGINX_PORT}` }
}
