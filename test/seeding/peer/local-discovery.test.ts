import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { EventEmitter } from 'node:events'
import { test, type TestContext } from 'node:test'
import { LocalDiscovery } from '../../../src/seeding/peer/local-discovery.js'
import type { Seeder } from '../../../src/seeding/peer/seeder.js'
import { importMocks } from '../../support/import-mocks.js'

/** Local discovery of these torrents without a network, at a time that stands still. */
function startDiscovery(t: TestContext, hashes: readonly string[] = []) {
  const sockets: EventEmitter[] = []
  const sent: string[] = []
  t.mock.method(dgram, 'createSocket', () => {
    const [socket, nothing] = [new EventEmitter(), () => undefined]
    const isFirst = sockets.push(socket) === 1
    return Object.assign(socket, {
      ...{ unref: nothing, close: nothing, addMembership: nothing },
      bind: (_: number, done: () => void) => {
        if (isFirst) done()
      },
      address: () => ({ family: 'IPv4' }),
      send: (packet: string) => sent.push(packet),
    })
  })
  importMocks(t)
  const clock = { now: 5000 }
  t.mock.method(performance, 'now', () => clock.now)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const heard: string[] = []
  const seeder = {
    dialPublic: (_infoHash: string, { host }: { host: string }) => heard.push(host),
    publicHashes: () => hashes,
  }
  const discovery = new LocalDiscovery(seeder as unknown as Seeder)
  t.after(() => {
    discovery.close()
  })
  const send = (packet: string, address: string) => {
    sockets[0]?.emit('message', Buffer.from(packet), { address })
  }
  return { heard, sent, send, clock }
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

test('in each second 20 packets of one sender are read, and 100 of all', (t) => {
  const { heard, send, clock } = startDiscovery(t)
  for (const seconds of [1, 2, 3]) {
    for (let n = 0; n < 21; n++) send(ANNOUNCE, '10.0.0.1')
    assert.equal(heard.length, 100 * seconds - 80)
    for (let n = 0; n < 100; n++) send(ANNOUNCE, `10.0.1.${n}`)
    assert.equal(heard.length, 100 * seconds)
    clock.now += 1000
  }
})

test('every five minutes each torrent is announced once, 20 in a packet', (t) => {
  const hashes = Array.from({ length: 45 }, (_, n) => `${n}`.padStart(40, 'a'))
  const { sent } = startDiscovery(t, hashes)
  for (let time = 0; time < 2; time++) {
    t.mock.timers.tick(time === 0 ? 310_000 : 300_000)
    const packets = sent.splice(0).map((packet) => packet.match(/(?<=Infohash: )\w+/g) ?? [])
    assert.deepEqual([packets.map(({ length }) => length), packets.flat()], [[20, 20, 5], hashes])
  }
})
