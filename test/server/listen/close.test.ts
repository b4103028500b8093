import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { makeCloser } from '../../../src/server/listen/close.js'
import { limitHandshakes } from '../../../src/server/listen/tls-keys.js'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { listenLocally } from '../../support/listen.js'
import { makeScratch } from '../../support/scratch.js'

test('a connection that Node has left to others does not keep a server from its end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const server = createServer()
  const close = makeCloser(server)
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  client.on('error', () => undefined)
  client.write('CONNECT a.example:1 HTTP/1.1\r\nHost: a.example\r\n\r\n')
  const [, socket] = (await once(server, 'connect')) as [unknown, Socket]
  t.after(() => socket.destroy())
  const closed = close()
  t.mock.timers.tick(8000)
  await closed
})

test('nor does a client that has not ended its TLS handshake', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'stops')
  const server = createSecureServer({ cert, key: readFileSync(certificateFiles(directory)[1]) })
  limitHandshakes(server, () => null)
  const close = makeCloser(server)
  const port = await listenLocally(t, server)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const client = connect(port, '127.0.0.1').on('error', () => undefined)
  t.after(() => client.destroy())
  await once(server, 'connection')
  const closed = close()
  // So long a client has for its first request
  t.mock.timers.tick(500)
  await closed
})
