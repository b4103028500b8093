import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import {
  refuseConnection,
  refuseStopping,
} from '../../../src/server/connections/refuse-connection.js'
import { listenLocally, serveLocally } from '../../support/listen.js'
import { until } from '../../support/until.js'

test('a refused client that does not close its end keeps no connection', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  // Like an HTTP server, it waits for the other side to end
  const server = createServer({ allowHalfOpen: true })
  const port = await listenLocally(t, server)
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => client.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  refuseConnection(new Error('no request'), socket, false)
  const [line] = (await once(client, 'data')) as [Buffer]
  assert.match(line.toString(), /^HTTP\/1\.1 400 /)
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(5000)
  assert.equal(socket.destroyed, true)
})

test('a refused client may go on to send 1 MiB', async (t) => {
  const server = createServer({ allowHalfOpen: true })
  const port = await listenLocally(t, server)
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => client.destroy())
  client.on('error', () => undefined).resume()
  const [socket] = (await once(server, 'connection')) as [Socket]
  refuseConnection(new Error('no request'), socket, false)
  client.write(Buffer.alloc(2 ** 20))
  await until('all is read', () => socket.bytesRead === 2 ** 20)
  assert.equal(socket.destroyed, false)
  client.write('x')
  await until('one more is read', () => socket.bytesRead > 2 ** 20)
  assert.equal(socket.destroyed, true)
})

test('a client that is refused because the server is stopping is told when to come again', async (t) => {
  const port = await serveLocally(t, (_request, response) => {
    refuseStopping(response)
  })
  const { status, headers } = await fetch(`http://127.0.0.1:${port}/`)
  assert.deepEqual([status, headers.get('Retry-After')], [503, '10'])
})
