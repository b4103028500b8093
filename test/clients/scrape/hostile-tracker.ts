import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

/** A tracker over HTTP that answers as a test wants; its announce URL. */
export async function startHttpTracker(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
}

/** Answers a packet, or not. */
export type UdpAnswers = (packet: Buffer, from: RemoteInfo) => Buffer | null

/** The same over UDP. */
export async function startUdpTracker(t: TestContext, answers: UdpAnswers): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  socket.on('message', (packet, from) => {
    const answer = answers(packet, from)
    if (answer) socket.send(answer, from.port, from.address)
  })
  return `udp://127.0.0.1:${socket.address().port}`
}
