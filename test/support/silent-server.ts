import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/**
 * The stage at which a server falls silent: it accepts no connection, sends no headers, or no body.
 */
export type Silence = 'connection' | 'headers' | 'body'

const HEADERS = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/xml\r\n\r\n'

/** Starts a server that falls silent, and returns its port on 127.0.0.1. */
export async function startSilentServer(t: TestContext, silence: Silence): Promise<number> {
  if (silence === 'connection') return startDeafServer(t)
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    if (silence === 'body') socket.once('data', () => socket.write(HEADERS))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server that listens, tells its port, and never accepts. */
const DEAF = `
import socket, time
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
print(server.getsockname()[1], flush=True)
time.sleep(600)
`

/** More connections than the queue of such a server holds. */
const FILLING = 3

async function startDeafServer(t: TestContext): Promise<number> {
  const child = spawn('python3', ['-c', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  for (let i = 0; i < FILLING; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
  }
  return port
}
