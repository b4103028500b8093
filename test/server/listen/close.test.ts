import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { makeCloser } from '../../../src/server/listen/close.js'
import { listenLocally } from '../../support/listen.js'

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
