import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { closeStalled } from '../../../src/server/connections/connections.js'
import { listenLocally } from '../../support/listen.js'

/** More than the system buffers for a client that reads nothing. */
const LARGE = Buffer.alloc(32 * 1024 * 1024)

async function listenWith(t: TestContext, body: Uint8Array): Promise<Server> {
  const server = createServer((_request, response) => response.end(body))
  server.keepAliveTimeout = 60_000
  closeStalled(server, 40)
  await listenLocally(t, server)
  return server
}

function ask(t: TestContext, server: Server): Socket {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => client.destroy())
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  return client
}

test('a connection whose answer is not read is closed', async (t) => {
  const server = await listenWith(t, LARGE)
  const client = ask(t, server).pause()
  const [socket] = (await once(server, 'connection')) as [Socket]
  await once(socket, 'close')
  assert.ok(socket.bytesWritten > 0 && !client.destroyed)
})

test('a TLS connection whose answer is not read is closed, too', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'standing')
  const key = readFileSync(certificateFiles(directory)[1], 'utf8')
  const server = createSecureServer({ cert, key }, (_request, response) => response.end(LARGE))
  closeStalled(server, 40)
  const port = await listenLocally(t, server)
  const client = connectSecurely({ port, host: '127.0.0.1', ca: cert })
  t.after(() => client.destroy())
  client.on('error', () => undefined).pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [socket] = (await once(server, 'secureConnection')) as [Socket]
  await once(socket, 'close')
  assert.ok(socket.bytesWritten > 0)
})

test('a connection whose answer was read stays open', async (t) => {
  const server = await listenWith(t, Buffer.from('short'))
  const client = ask(t, server)
  const answers: string[] = []
  client.on('data', (chunk) => answers.push(chunk.toString()))
  await once(client, 'data')
  // After ten checks
  await new Promise((resolve) => setTimeout(resolve, 200))
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(client, 'data')
  assert.match(answers.join(''), /short[^]*short/)
})
