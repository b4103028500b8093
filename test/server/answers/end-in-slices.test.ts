import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { connect as connectSecurely } from 'node:tls'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { endInSlices } from '../../../src/server/answers/end-in-slices.js'

/** More than the system buffers for a client that reads nothing. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'abc')

const MINUTE = 60_000

const request = (method: string, header = '') => `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n`
const LAST = request('GET', 'Connection: close\r\n')

function answerWith(body: Buffer, limit = MINUTE): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Length': body.length })
    endInSlices(response, body, limit)
  }
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

for (const size of [0, 1, 64 * 1024, LARGE.length]) {
  test(`an answer of ${size} bytes is whole, and the connection is used again`, async (t) => {
    const body = LARGE.subarray(0, size)
    const socket = connect(await listen(t, createServer(answerWith(body))), '127.0.0.1')
    socket.write(request('GET') + request('HEAD') + LAST)
    const said = await buffer(socket)
    const bodies = said.toString('latin1').split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/)
    assert.equal(bodies.length, 4)
    const whole = body.toString('latin1')
    for (const [n, wanted] of ['', whole, '', whole].entries()) assert.ok(bodies[n] === wanted)
  })
}

/** Sends a request, reads nothing, and returns the most bytes that the server holds for it. */
async function heldFor(server: Server, client: Socket, event: string) {
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
  return most
}

test('for an unread answer, the server holds one slice beside the body', async (t) => {
  const server = createServer(answerWith(LARGE))
  const port = await listen(t, server)
  const most = await heldFor(server, connect(port, '127.0.0.1'), 'connection')
  assert.ok(most > 0 && most < 100_000, `${most}`)
})

test('over TLS, the server holds no more', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'slices')
  const key = readFileSync(certificateFiles(directory)[1], 'utf8')
  const server = createSecureServer({ cert, key }, answerWith(LARGE))
  const port = await listen(t, server)
  const client = connectSecurely({ port, host: '127.0.0.1', ca: cert })
  const most = await heldFor(server, client, 'secureConnection')
  assert.ok(most > 0 && most < 100_000, `${most}`)
})

test('a connection whose answer is not read in time is closed', async (t) => {
  const server = createServer(answerWith(LARGE, 50))
  const client = connect(await listen(t, server), '127.0.0.1').pause()
  t.after(() => client.destroy())
  client.on('error', () => undefined)
  client.write(request('GET'))
  const [socket] = (await once(server, 'connection')) as [Socket]
  await once(socket, 'close')
  assert.ok(socket.bytesWritten > 0)
})

test('nothing more is sent to a client that leaves', async (t) => {
  const server = createServer(answerWith(LARGE))
  const client = connect(await listen(t, server), '127.0.0.1')
  client.write(request('GET'))
  client.once('data', () => client.destroy())
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  await once(response, 'close')
  assert.equal(response.writableFinished, false)
})
