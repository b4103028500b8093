import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { RequestTurns } from '../../../src/server/connections/request-turns.js'
import { UnreadBytes } from '../../../src/server/connections/unread-bytes.js'
import { listenLocally } from '../../support/listen.js'
import { until } from '../../support/until.js'

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

test('beyond 32 MiB of requests that wait, of all clients, one connection is closed', async () => {
  const turns = new RequestTurns(
    (socket) => socket.remoteAddress ?? '',
    new UnreadBytes(() => null),
    () => undefined,
  )
  const handle = turns.inOrder(() => assert.fail('the answer before is not sent'))
  /** Sends half a MiB behind a request that waits for the answer before. */
  const send = (client: number) => {
    const socket = new Duplex({ read: () => undefined })
    const remoteAddress = `192.0.2.${client}`
    Object.assign(socket, { remoteAddress })
    const response = Object.assign(new EventEmitter(), { socket: null })
    handle({ socket } as unknown as IncomingMessage, response as unknown as CountedResponse)
    socket.push(Buffer.alloc(2 ** 19, 'x'))
    return socket
  }
  // Each request counts for 2 KiB
  const all = Array.from({ length: 63 }, (_, n) => send(n))
  await until('all are read', () => all.every((socket) => socket.readableLength === 0))
  assert.ok(!all.some((socket) => socket.destroyed))
  all.push(send(0))
  await until('one is closed', () => all.some((socket) => socket.destroyed))
  assert.deepEqual(
    all.flatMap((socket, n) => (socket.destroyed ? [n] : [])),
    [0],
  )
})
