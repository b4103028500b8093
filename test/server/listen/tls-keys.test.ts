import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { limitHandshakes } from '../../../src/server/listen/tls-keys.js'

/** A function that begins handshakes of a client, and returns those that are closed by now. */
function openHandshakes() {
  // Its own listener would begin to read
  const server = createServer().removeAllListeners('connection')
  const clients = new Map<Socket, string>()
  limitHandshakes(server, (socket) => clients.get(socket) ?? null)
  return (client: string, count = 1) => {
    for (let n = 0; n < count; n++) {
      const socket = new Socket()
      Object.defineProperty(socket, 'remotePort', { value: clients.size })
      clients.set(socket, client)
      server.emit('connection', socket)
    }
    return [...clients].filter(([{ destroyed }]) => destroyed).map(([, address]) => address)
  }
}

test('of an address and a /48 of IPv6, 250 handshakes may be under way', () => {
  const begin = openHandshakes()
  assert.deepEqual(begin('192.0.2.1', 250), [])
  assert.deepEqual(begin('192.0.2.1'), ['192.0.2.1'])
  assert.equal(begin('2001:db8:1:1::/64', 250).length, 1)
  assert.equal(begin('2001:db8:1:2::/64').length, 2)
})

test('of all, 1,000 handshakes may be under way: the oldest makes room', () => {
  const begin = openHandshakes()
  for (let n = 0; n < 1000; n++) assert.deepEqual(begin(`192.0.2.${n}`), [])
  assert.deepEqual(begin('192.0.3.1'), ['192.0.2.0'])
})

test('a handshake may take 10 s', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const begin = openHandshakes()
  begin('192.0.2.1')
  t.mock.timers.tick(9999)
  assert.deepEqual(begin('192.0.2.2'), [])
  t.mock.timers.tick(1)
  assert.deepEqual(begin('192.0.2.3'), ['192.0.2.1'])
})
