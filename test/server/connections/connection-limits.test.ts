import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { ClientAddresses } from '../../../src/server/connections/client-address.js'
import {
  connectionLimiter,
  connectionLimits,
  CONNECTIONS,
  maxDescriptors,
} from '../../../src/server/connections/connection-limits.js'
import { runProgram } from '../../support/programs.js'

test('connections are limited by memory, and by the descriptors that other files do not need', () => {
  const { mirror, tracker, admin, seed } = CONNECTIONS
  for (const [rules, descriptors, all, perClient, perNetwork] of [
    [mirror, 1_048_576, 20_000, 1000, 5000],
    [mirror, null, 20_000, 1000, 5000],
    [mirror, 1024, 512, 256, 128],
    [mirror, 16, 2, 1, 1],
    [tracker, 65_536, 10_000, 500, 2500],
    [tracker, null, 10_000, 500, 2500],
    [tracker, 1024, 768, 384, 192],
    [tracker, 128, 64, 32, 16],
    [tracker, 16, 2, 1, 1],
    [admin, 65_536, 200, 50, 50],
    [seed, 65_536, 2000, 64, 500],
  ] as const) {
    const limits = connectionLimits(rules, new ClientAddresses([]), descriptors)
    const { all: most, perClient: own, perNetwork: network } = limits
    assert.deepEqual([most, own, network], [all, perClient, perNetwork])
  }
})

test(
  'how many descriptors there may be is what the shell says',
  { skip: process.platform !== 'linux' && 'there is no /proc' },
  async () => {
    // Node raises its limit to the maximum
    const { stdout } = await runProgram('sh', ['-c', 'ulimit -Hn'])
    assert.equal(String(maxDescriptors() ?? 'unlimited'), stdout.trim())
  },
)

/** Returns a function that opens connections of a client at a server that takes at most 100. */
function openAt() {
  const server = createServer()
  const clients = new WeakMap<object, string>()
  const limit = connectionLimiter({
    keyOf: (socket) => clients.get(socket) ?? null,
    all: 100,
    perClient: 90,
    perNetwork: 90,
  })
  limit(server)
  return (client: string, count: number) => {
    return Array.from({ length: count }, () => {
      const socket = new Socket()
      clients.set(socket, client)
      server.emit('connection', socket)
      return socket
    })
  }
}

const closedOf = (sockets: readonly Socket[]) => {
  return sockets.flatMap(({ destroyed }, i) => (destroyed ? [i] : []))
}

test('when all connections are taken, those of the client with most make room', () => {
  const open = openAt()
  const [few, many] = [open('few', 20), open('many', 80)]
  const others = [...open('a', 2), ...open('b', 1)]
  assert.deepEqual(closedOf(few), [])
  assert.deepEqual(closedOf(many), [77, 78, 79])
  assert.deepEqual(closedOf(others), [])
})

test('a new client takes places of those that have more than twice as many', () => {
  const open = openAt()
  const clients = ['a', 'b', 'c', 'd'].map((client) => open(client, 25))
  const comer = open('e', 20)
  assert.equal(closedOf(comer).length, 9)
  assert.deepEqual(
    clients.map((sockets) => closedOf(sockets).length),
    [3, 3, 3, 2],
  )
})

test('clients with one or two connections each keep them', () => {
  const open = openAt()
  const clients = Array.from({ length: 50 }, (_, n) => open(`client ${n}`, 2))
  assert.deepEqual(closedOf(open('e', 1)), [0])
  assert.deepEqual(clients.flatMap(closedOf), [])
})

test('a client whose connections have closed may open as many again', async () => {
  const open = openAt()
  for (let round = 0; round < 3; round++) {
    const sockets = open('a', 90)
    assert.deepEqual(closedOf(sockets), [], `round ${round}`)
    const closed = sockets.map((socket) => once(socket, 'close'))
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
  }
})
