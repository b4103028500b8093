import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { connect as connectSecurely } from 'node:tls'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { UnreadBytes } from '../../../src/server/connections/unread-bytes.js'
import { listenLocally } from '../../support/listen.js'
import { until } from '../../support/until.js'

/** More than the system buffers for a client that reads nothing. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'abc')

const MIB = 1024 * 1024

const OPTIONS = { ServerResponse: CountedResponse }

const request = (method: string, header = '') => `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n`
const LAST = request('GET', 'Connection: close\r\n')

function answerWith(body: Buffer): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Length': body.length })
    response.end(body)
  }
}

for (const size of [0, 1, 64 * 1024, LARGE.length]) {
  test(`an answer of ${size} bytes is whole, and the connection is used again`, async (t) => {
    const body = LARGE.subarray(0, size)
    const counted: number[] = []
    const server = createServer(OPTIONS, (asked, response) => {
      response.on('finish', () => counted.push((response as CountedResponse).bodyBytes))
      answerWith(body)(asked, response)
    })
    const socket = connect(await listenLocally(t, server), '127.0.0.1')
    socket.write(request('GET') + request('HEAD') + LAST)
    const said = await buffer(socket)
    const bodies = said.toString('latin1').split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/)
    assert.equal(bodies.length, 4)
    const whole = body.toString('latin1')
    for (const [n, wanted] of ['', whole, '', whole].entries()) assert.ok(bodies[n] === wanted)
    assert.deepEqual(counted, [size, 0, size])
  })
}

for (const [how, event, options] of [
  ['plain HTTP', 'connection', {}],
  ['TLS', 'secureConnection', unlessOpenssl],
] as const) {
  test(`for an unread answer over ${how}, the server holds one slice`, options, async (t) => {
    const isTls = event === 'secureConnection'
    const directory = makeScratch(t)
    const cert = isTls ? plantCertificate(directory, 'slices') : ''
    const answer = answerWith(LARGE)
    const server = isTls
      ? createSecureServer(
          { ...OPTIONS, cert, key: readFileSync(certificateFiles(directory)[1]) },
          answer,
        )
      : createServer(OPTIONS, answer)
    const place = { port: await listenLocally(t, server), host: '127.0.0.1' }
    const client = isTls ? connectSecurely({ ...place, ca: cert }) : connect(place)
    client.on('error', () => undefined).pause()
    client.write(request('GET'))
    const [[socket]] = (await Promise.all([once(server, event), once(server, 'request')])) as [
      [Socket],
      unknown,
    ]
    let most = 0
    for (let n = 0; n < 200; n += 1) {
      most = Math.max(most, socket.writableLength)
      await setImmediate()
    }
    client.destroy()
    assert.ok(most > 0 && most < 100_000, `${most}`)
  })
}

test('nothing more is sent to a client that leaves', async (t) => {
  const server = createServer(OPTIONS, answerWith(LARGE))
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  client.write(request('GET'))
  client.once('data', () => client.destroy())
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  await once(response, 'close')
  assert.equal(response.writableFinished, false)
})

/** Opens a server of bodies and clients that read nothing; `addresses` are those of the clients. */
async function besiege(t: TestContext, bodyOf: () => Buffer, addresses: readonly string[]) {
  const unread = new UnreadBytes(({ remoteAddress = '' }) => remoteAddress, {
    all: 80 * MIB,
    perClient: 40 * MIB,
  })
  const responses: ServerResponse[] = []
  const server = createServer(OPTIONS, (_request, response) => {
    response.unread = unread
    responses.push(response)
    response.end(bodyOf())
  })
  const port = await listenLocally(t, server)
  for (const [n, localAddress] of addresses.entries()) {
    const client = connect({ port, host: '127.0.0.1', localAddress }).pause()
    t.after(() => client.destroy())
    client.on('error', () => undefined)
    client.write(request('GET'))
    while (responses.length <= n) await setImmediate()
  }
  return { unread, isClosed: responses.map(({ destroyed }) => destroyed) }
}

test('beyond the limit of all, the client with most makes room', async (t) => {
  const bodyOf = () => Buffer.alloc(24 * MIB)
  const addresses = ['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.4']
  const { isClosed, unread } = await besiege(t, bodyOf, addresses)
  assert.deepEqual(isClosed, [true, false, false, false])
  assert.ok(unread.bytes < 80 * MIB, `${unread.bytes}`)
})

test('what a slow client has read is counted no more, and is known when it leaves', async (t) => {
  const unread = new UnreadBytes(() => 'a')
  const responses: CountedResponse[] = []
  const server = createServer(OPTIONS, (_request, response) => {
    response.unread = unread
    responses.push(response)
    response.write(LARGE.subarray(0, 8 * MIB))
  })
  const client = connect(await listenLocally(t, server), '127.0.0.1').pause()
  client.write(request('GET'))
  const [response] = await until('it waits', () => unread.bytes > 0 && responses)
  const taken = response?.bytesTaken ?? 0
  client.resume()
  await until('all is read', () => unread.bytes === 0)
  assert.deepEqual([taken < 8 * MIB, response?.bytesTaken], [true, 8 * MIB])
  client.destroy()
})

for (const how of ['end', 'endAtOnce', 'writePart'] as const) {
  test(`what the system has of a body that ${how} sends is known`, async (t) => {
    const unread = new UnreadBytes(() => 'a')
    const server = createServer(OPTIONS, (asked, response) => {
      response.unread = unread
      asked.socket.cork()
      void response[how](LARGE.subarray(0, 100_000))
    })
    const client = connect(await listenLocally(t, server), '127.0.0.1').resume()
    t.after(() => client.destroy())
    client.write(request('GET'))
    const [asked, { bytesTaken }] = (await once(server, 'request')) as [
      IncomingMessage,
      CountedResponse,
    ]
    assert.ok(unread.bytes + bytesTaken >= 100_000, `${unread.bytes} + ${bytesTaken}`)
    asked.socket.uncork()
    await until('the system has it', () => unread.bytes === 0)
  })
}

/** A function by which clients hold bytes of responses, and the names of those that are closed. */
function holding(limits?: ConstructorParameters<typeof UnreadBytes>[1]) {
  const unread = new UnreadBytes(({ remoteAddress = '' }) => remoteAddress, limits)
  const closed: string[] = []
  const holders = new Map<string, Parameters<UnreadBytes['hold']>[0]>()
  const hold = (name: string, remoteAddress: string, waiting: number) => {
    const fresh = { closed: false, once: () => undefined, destroy: () => closed.push(name) }
    const holder = holders.get(name) ?? fresh
    holders.set(name, holder)
    unread.hold(holder, { remoteAddress } as Socket, { body: null, waiting })
  }
  return { hold, closed }
}

test('a connection of which nothing is unread does not make room for others', () => {
  const { hold, closed } = holding({ all: 100, perClient: 100 })
  hold('large', '127.0.0.2', 80)
  hold('idle', '127.0.0.2', 0)
  hold('other', '127.0.0.3', 30)
  assert.deepEqual(closed, ['large'])
})

test('of the client with most, whoever read least lately makes room', () => {
  const { hold, closed } = holding({ all: 100, perClient: 100 })
  for (const name of ['first', 'second', 'third']) hold(name, '127.0.0.2', 30)
  // It has read something
  hold('first', '127.0.0.2', 25)
  hold('other', '127.0.0.3', 20)
  assert.deepEqual(closed, ['second'])
})

test('of a client 16 MiB may be unread, a single response of any size, and of all 40 MiB', () => {
  const one = holding()
  one.hold('a', '127.0.0.2', 15 * MIB)
  one.hold('b', '127.0.0.2', MIB)
  assert.deepEqual(one.closed, [])
  one.hold('b', '127.0.0.2', MIB + 1)
  assert.deepEqual(one.closed, ['a'])
  const all = holding()
  all.hold('a', '127.0.0.2', 30 * MIB)
  all.hold('b', '127.0.0.3', 10 * MIB)
  assert.deepEqual(all.closed, [])
  all.hold('c', '127.0.0.4', 1)
  assert.deepEqual(all.closed, ['a'])
})

test('a body that many wait for is counted once', async (t) => {
  const body = Buffer.alloc(24 * MIB)
  const addresses = Array.from({ length: 8 }, (_, n) => `127.0.0.${n + 2}`)
  const { isClosed, unread } = await besiege(t, () => body, addresses)
  assert.ok(!isClosed.includes(true))
  assert.ok(unread.bytes < 26 * MIB, `${unread.bytes}`)
})

test('what is counted of a connection after it has closed is counted no more', async (t) => {
  const unread = new UnreadBytes(() => 'a', { all: 100, perClient: 100 })
  const server = createServer()
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  client.on('error', () => undefined)
  unread.hold(socket, socket, { body: null, waiting: 60 })
  assert.equal(unread.bytes, 60)
  socket.destroy()
  await once(socket, 'close')
  // Its turn may come later
  unread.hold(socket, socket, { body: null, waiting: 60 })
  assert.equal(unread.bytes, 0)
})
