import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { readFileSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { closeStalled } from '../../../src/server/connections/connections.js'
import { listenLocally } from '../../support/listen.js'

/** More than the system buffers for a client that reads nothing. */
const LARGE = Buffer.alloc(32 * 1024 * 1024)

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

for (const [what, event, options] of [
  ['a connection', 'connection', {}],
  ['a TLS connection', 'secureConnection', unlessOpenssl],
] as const) {
  test(`${what} whose answer is not read is closed`, options, async (t) => {
    const isTls = event === 'secureConnection'
    const directory = makeScratch(t)
    const cert = isTls ? plantCertificate(directory, 'standing') : ''
    const answer: RequestListener = (_request, response) => response.end(LARGE)
    const server = isTls
      ? createSecureServer({ cert, key: readFileSync(certificateFiles(directory)[1]) }, answer)
      : createServer(answer)
    closeStalled(server, 40)
    const place = { port: await listenLocally(t, server), host: '127.0.0.1' }
    const client = isTls ? connectSecurely({ ...place, ca: cert }) : connect(place)
    t.after(() => client.destroy())
    client.on('error', () => undefined).pause()
    client.write(GET)
    const [socket] = (await once(server, event)) as [Socket]
    await once(socket, 'close')
    assert.ok(socket.bytesWritten > 0 && !client.destroyed)
  })
}

test('a connection whose answer was read stays open', async (t) => {
  const server = createServer((_request, response) => response.end('short'))
  server.keepAliveTimeout = 60_000
  closeStalled(server, 40)
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  t.after(() => client.destroy())
  client.write(GET)
  const answers: string[] = []
  client.on('data', (chunk) => answers.push(chunk.toString()))
  await once(client, 'data')
  // After ten checks
  await new Promise((resolve) => setTimeout(resolve, 200))
  client.write(GET)
  await once(client, 'data')
  assert.match(answers.join(''), /short[^]*short/)
})
