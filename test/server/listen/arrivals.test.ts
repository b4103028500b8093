import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { connect as connectSecurely } from 'node:tls'
import { Arrivals } from '../../../src/server/listen/arrivals.js'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'

const keyOf = ({ remoteAddress }: Socket) => remoteAddress ?? null
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

async function open(t: TestContext, server: Server, arrivals: Arrivals | null): Promise<number> {
  arrivals?.receive(server)
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 })
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Answers after work that blocks the event loop. */
const work: RequestListener = (_request, response) => {
  const end = performance.now() + 2
  while (performance.now() < end);
  response.end('done')
}

/** The number of a client's simultaneous connections answered before another client's. */
async function answeredBefore(t: TestContext, arrivals: Arrivals | null): Promise<number> {
  const from: string[] = []
  const server = createServer((request, response) => {
    from.push(request.socket.remoteAddress ?? '')
    work(request, response)
  })
  const port = await open(t, server, arrivals)
  const ask = (localAddress: string) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write(GET)
    return socket
  }
  for (let i = 0; i < 300; i++) ask('127.0.0.2')
  await text(ask('127.0.0.3'))
  return from.indexOf('127.0.0.3')
}

test('a new client does not wait for the answers to all connections of another', async (t) => {
  const before = await answeredBefore(t, null)
  const after = await answeredBefore(t, new Arrivals(keyOf))
  assert.ok(before > 200, `without: behind ${before}`)
  assert.ok(after < 60, `with: behind ${after}`)
})

test('all connections get their answers, whoever opened them', async (t) => {
  const port = await open(t, createServer(work), new Arrivals(keyOf))
  const answers = Array.from({ length: 50 }, async (_, i) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (i % 3)}` })
    socket.write(GET)
    return text(socket)
  })
  for (const answer of await Promise.all(answers)) assert.match(answer, /done$/)
})

test('a handshake waits like a request', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'test')
  const key = readFileSync(certificateFiles(directory)[1])
  const port = await open(t, createSecureServer({ cert, key }, work), new Arrivals(keyOf))
  const answers = Array.from({ length: 20 }, async () => {
    const socket = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.write(GET)
    return text(socket)
  })
  for (const answer of await Promise.all(answers)) assert.match(answer, /done$/)
})

test('a client that leaves before its turn is forgotten', async (t) => {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    work(request, response)
  })
  const port = await open(t, server, new Arrivals(keyOf))
  const left = Array.from({ length: 30 }, () => connect({ port, host: '127.0.0.1' }))
  await Promise.all(left.map((socket) => once(socket, 'connect')))
  for (const socket of left) socket.destroy()
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(GET)
  assert.match(await text(socket), /done$/)
  assert.equal(requests, 1)
})

test('connections that all send requests at the same moment have their turns', async (t) => {
  let requests = 0
  let most = 0
  const server = createServer((_request, response) => {
    if (requests++ === 0) setImmediate(() => (requests = 0))
    most = Math.max(most, requests)
    response.end('done')
  })
  const port = await open(t, server, new Arrivals(keyOf))
  const sockets = Array.from({ length: 200 }, () => connect({ port, host: '127.0.0.1' }))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await setTimeout(20)
  const answers = sockets.map((socket) => {
    socket.write(GET)
    return text(socket)
  })
  for (const answer of await Promise.all(answers)) assert.match(answer, /done$/)
  assert.ok(most <= 32, `${most} requests in a turn`)
})
