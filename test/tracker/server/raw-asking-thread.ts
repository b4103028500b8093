// Sends bytes on connections that are a thread's already, each on its own, and tells what came back.
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'

export interface RawAsking {
  readonly place: NetConnectOpts
  /** The certificate that is spoken TLS with; null for plain HTTP. */
  readonly ca: string | null
  /** What is sent, a connection each: each character is a byte. */
  readonly requests: readonly string[]
  /** Becomes 1 when all connections have had an answer. */
  readonly status: Int32Array
}

/** Of a head alone, so that its end is known. */
const FIRST = 'HEAD /announce HTTP/1.1\r\nHost: tracker\r\n\r\n'

const { place, ca, requests, status } = workerData as RawAsking
const sockets = await Promise.all(requests.map(open))
Atomics.store(status, 0, 1)
Atomics.notify(status, 0)
parentPort?.postMessage(await Promise.all(sockets.map((socket, n) => ask(socket, requests[n]))))

/** A connection that a thread has answered on, and keeps. */
async function open(): Promise<Socket> {
  const socket = ca === null ? connect(place) : connectSecurely({ ...place, ca })
  socket.write(FIRST)
  for (let head = ''; !head.endsWith('\r\n\r\n');) head += String(await once(socket, 'data'))
  return socket
}

/** All that comes until the connection is closed, be it in order or not. */
async function ask(socket: Socket, request = ''): Promise<string> {
  let answer = ''
  socket.setEncoding('latin1')
  socket.on('data', (bytes: string) => (answer += bytes))
  socket.on('error', () => undefined)
  socket.write(request, 'latin1')
  await once(socket, 'close')
  return answer
}
