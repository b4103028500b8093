import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { EventEmitter } from 'node:events'
import { test, type TestContext } from 'node:test'
import { LocalDiscovery } from '../../../src/seeding/peer/local-discovery.js'
import type { Seeder } from '../../../src/seeding/peer/seeder.js'
import { importMocks } from '../../support/import-mocks.js'

/** Local discovery without a network, at a time that stands still. */
function startDiscovery(t: TestContext) {
  const sockets: EventEmitter[] = []
  t.mock.method(dgram, 'createSocket', () => {
    const [socket, nothing] = [new EventEmitter(), () => undefined]
    sockets.push(socket)
    return Object.assign(socket, { bind: nothing, unref: nothing, close: nothing })
  })
  importMocks(t)
  t.mock.method(performance, 'now', () => 5000)
  const heard: string[] = []
  const seeder = {
    dialPublic: (_infoHash: string, { host }: { host: string }) => heard.push(host),
    publicHashes: () => [],
  }
  const discovery = new LocalDiscovery(seeder as unknown as Seeder)
  t.after(() => {
    discovery.close()
  })
  const send = (packet: string, address: string) => {
    sockets[0]?.emit('message', Buffer.from(packet), { address })
  }
  return { heard, send }
}

const HEAD = 'BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n'
const ANNOUNCE = `${HEAD}Infohash: ${'ab'.repeat(20)}\r\n\r\n\r\n`

for (const [what, packet] of [
  ['announces', ANNOUNCE],
  ['garbage', 'd'.repeat(1000)],
] as const) {
  test(`beside a sender of ${what} without end, others on the network are heard`, (t) => {
    const { heard, send } = startDiscovery(t)
    for (let n = 0; n < 10_000; n++) send(packet, '10.0.0.1')
    const others = ['10.0.0.2', '10.0.0.3', '10.0.0.4']
    for (const other of others) send(ANNOUNCE, other)
    assert.deepEqual(
      heard.filter((host) => host !== '10.0.0.1'),
      others,
    )
    assert.ok(heard.length <= 20 + others.length, String(heard.length))
  })
}

test('of one sender 20 packets a second are read, and of all 100', (t) => {
  const { heard, send } = startDiscovery(t)
  for (let n = 0; n < 21; n++) send(ANNOUNCE, '10.0.0.1')
  assert.equal(heard.length, 20)
  for (let n = 0; n < 100; n++) send(ANNOUNCE, `10.0.1.${n}`)
  assert.equal(heard.length, 100)
})
