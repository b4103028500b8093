import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { RequestTurns } from '../../../src/server/connections/request-turns.js'
import { UnreadBytes } from '../../../src/server/connections/unread-bytes.js'
import { listenLocally } from '../../support/listen.js'

test('a client that was given more time and sends a byte now and then is cut off', async (t) => {
  const keyOf = () => 'client'
  const turns = new RequestTurns(keyOf, new UnreadBytes(keyOf), () => undefined)
  const server = createServer((socket) => {
    socket.resume().on('error', () => undefined)
    turns.limit(socket, 50)
  })
  const socket = connect(await listenLocally(t, server), '127.0.0.1')
  socket.on('error', () => undefined)
  const timer = setInterval(() => socket.write('x'), 5)
  t.after(() => {
    clearInterval(timer)
    socket.destroy()
  })
  // Not `once`, which fails if the end comes as an error
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await closed
})
