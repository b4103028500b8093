import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import net, { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import type { SeedTorrent } from '../../../src/seeding/peer/seeded.js'
import { SeedService } from '../../../src/seeding/peer/service.js'
import { Reach, reachOf } from '../../../src/core/remote/address-reach.js'
import { listenLocally } from '../../support/listen.js'
import { connectPeer } from '../../support/seed.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { until } from '../../support/until.js'
import { importMocks } from '../../support/import-mocks.js'

/** Bytes of a torrent of which two fit into the memory of a seed, but not three. */
const LARGE = 40 * 1024 * 1024

/** A torrent that takes much memory; `loads` counts how often it is read. */
function largeTorrent(name: string) {
  const info = new Map<string, number | Uint8Array>([
    ['length', 5],
    ['name', Buffer.from(name)],
    ['piece length', 16_384],
    ['pieces', Buffer.alloc(20)],
  ])
  const metainfo = parseMetainfo(encodeBencode(new Map([['info', info]])))
  const infoHash = infoHashOf(createHash('sha1').update(encodeBencode(info)).digest('hex'))
  // As if there were much beside `info`
  const bytes = Buffer.alloc(LARGE)
  bytes.set(metainfo.bytes)
  const counts = { loads: 0 }
  const torrent: SeedTorrent = {
    ...{ name, infoHash, infoHashV2: null, private: false, size: 5, trackers: [] },
    ...{ path: null, files: [] },
    load: () => {
      counts.loads++
      return Promise.resolve({ metainfo: { ...metainfo, bytes }, files: [null] })
    },
  }
  return { infoHash, torrent, counts }
}

async function startService(
  t: TestContext,
  monotonic = () => performance.now(),
): Promise<SeedService> {
  const service = await SeedService.open({
    ...{ host: '127.0.0.1', port: 0, lastPort: 0, maxUpload: null, version: '0' },
    ...{ announcedAddress: null, dht: false, localDiscovery: false },
    monotonic,
    onWithdrawn: (_torrent, reason) => {
      throw reason ?? new Error('its data changed')
    },
    onError: (error) => {
      throw error
    },
  })
  t.after(() => service.close())
  return service
}

test('a seed knows whether peers of the internet are named, but not by its own port', async (t) => {
  const service = await startService(t)
  const { torrent } = largeTorrent('a')
  service.add(torrent)
  t.mock.method(net, 'connect', () => new Socket())
  importMocks(t)
  service.dial(torrent, [{ host: '192.168.1.2', port: 7000 }], Reach.privateNetwork)
  service.dial(torrent, [{ host: '203.0.113.5', port: service.port }], Reach.all)
  assert.equal(service.outside.isNamed, false)
  service.dial(torrent, [{ host: '203.0.113.5', port: 7000 }], Reach.all)
  assert.equal(service.outside.isNamed, true)
})

test('a peer learns the port by which it reaches the seed', async (t) => {
  const service = await startService(t)
  const { torrent, infoHash } = largeTorrent('a')
  service.add(torrent)
  service.mapPort(7000)
  assert.deepEqual([service.port === 7000, service.outerPort], [false, 7000])
  // This one is in the network of the seed
  const { wire } = await connectPeer(t, service.port, { infoHash })
  assert.equal(wire.peerExtendedHandshake['p'], service.port)
  assert.equal(service.outside.hasConnected, false)
})

test('torrents that peers left give way to others, and those in use do not', async (t) => {
  const service = await startService(t)
  const torrents = ['a', 'b', 'c'].map(largeTorrent)
  for (const { torrent } of torrents) service.add(torrent)
  const [a, b, c] = torrents as [(typeof torrents)[0], (typeof torrents)[0], (typeof torrents)[0]]
  const first = await connectPeer(t, service.port, a)
  first.socket.destroy()
  await until('it is gone', () => service.stateOf(a.infoHash)?.peers === 0)
  await connectPeer(t, service.port, b)
  // The first one is forgotten for it
  await connectPeer(t, service.port, c)
  // Both others are in use
  await (
    await connectPeer(t, service.port, a)
  ).closed
  await connectPeer(t, service.port, b)
  assert.deepEqual(
    torrents.map(({ counts }) => counts.loads),
    [2, 1, 1],
  )
  assert.equal(service.status.torrents, 3)
})

test('an address begins 64 connections at once, and 4 more each second', async (t) => {
  let now = 0
  const service = await startService(t, () => now)
  const { torrent, infoHash } = largeTorrent('a')
  service.add(torrent)
  /** Whether another connection is answered; it ends then. */
  const begin = async () => {
    const { socket, wire, closed } = await connectPeer(t, service.port, { infoHash })
    socket.destroy()
    await closed
    await until('it is gone', () => service.stateOf(infoHash)?.peers === 0)
    return 'p' in (wire.peerExtendedHandshake as object)
  }
  for (let n = 0; n < 64; n++) assert.equal(await begin(), true)
  assert.equal(await begin(), false)
  now += 249
  assert.equal(await begin(), false)
  now += 2
  assert.deepEqual([await begin(), await begin()], [true, false])
})

/** The addresses that are called from now on; nobody is there. */
function dials(t: TestContext) {
  const dialled: { host: string }[] = []
  t.mock.method(net, 'connect', (address: { host: string }) => {
    dialled.push(address)
    return new Socket().destroy()
  })
  importMocks(t)
  return dialled
}

// RFC 6890
const MACHINE = ['127.0.0.1', '127.9.9.9', '169.254.1.1', '::1', 'fe80::1%lo', '::ffff:127.0.0.1']
const NETWORK = ['10.1.2.3', '172.31.0.1', '192.168.0.1', 'fd00::1', '0:0:0:0:0:ffff:c0a8:1']
const NOBODY = ['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1', '0.1.2.3']
const PUBLIC = ['192.0.2.1', '172.32.0.1', '2001:db8::1', '100.0.0.1']

for (const [source, called] of [
  ['127.0.0.1', [...MACHINE, ...NETWORK, ...PUBLIC]],
  ['192.168.7.7', [...NETWORK, ...PUBLIC]],
  ['198.51.100.1', PUBLIC],
] as const) {
  test(`of the peers that ${source} names, those that it can reach are called`, async (t) => {
    const service = await startService(t)
    const dialled = dials(t)
    const { torrent } = largeTorrent('a')
    service.add(torrent)
    for (const host of [...MACHINE, ...NETWORK, ...NOBODY, ...PUBLIC])
      service.dial(torrent, [{ host, port: 6881 }], reachOf(source))
    assert.deepEqual(
      dialled.map(({ host }) => host),
      called,
    )
  })
}

test('a name of a peer that leads to this machine is called only if it may be', async (t) => {
  const service = await startService(t)
  const { torrent } = largeTorrent('a')
  service.add(torrent)
  const called: number[] = []
  for (const least of [Reach.all, Reach.privateNetwork, Reach.machine]) {
    const server = net.createServer((socket) => {
      called.push(least)
      socket.destroy()
    })
    service.dial(torrent, [{ host: 'localhost', port: await listenLocally(t, server) }], least)
  }
  await until('it is called', () => called.includes(Reach.machine))
  assert.deepEqual(new Set(called), new Set([Reach.machine]))
})

test('of all addresses that are named, only so many are remembered', async (t) => {
  const service = await startService(t)
  const dialled = dials(t)
  const torrents = [largeTorrent('a').torrent, largeTorrent('b').torrent]
  for (const torrent of torrents) service.add(torrent)
  const dial = async (host: string, port: number) => {
    for (const torrent of torrents) service.dial(torrent, [{ host, port }], 0)
    await setImmediate()
  }
  const count = () => dialled.splice(0).length
  await dial('10.0.0.1', 5000)
  await dial('10.0.0.1', 5000)
  assert.equal(count(), 2)
  for (let n = 0; n < 5000; n++) await dial('10.0.0.2', 5000 + n)
  assert.equal(count(), 10_000)
  await dial('10.0.0.2', 9999)
  assert.equal(count(), 0)
  // The first one was forgotten
  await dial('10.0.0.1', 5000)
  assert.equal(count(), 2)
})

test('no more than 200 connections are begun at a time, 30 of them for one torrent', async (t) => {
  const service = await startService(t)
  const begun: Socket[] = []
  t.mock.method(net, 'connect', () => {
    const socket = new Socket()
    begun.push(socket)
    return socket
  })
  importMocks(t)
  const torrents = Array.from({ length: 8 }, (_, n) => largeTorrent(`${n}`).torrent)
  const addresses = Array.from({ length: 40 }, (_, n) => ({ host: '192.0.2.1', port: 6881 + n }))
  const counts = torrents.map((torrent) => {
    service.add(torrent)
    service.dial(torrent, addresses, 0)
    return begun.length
  })
  assert.deepEqual(counts, [30, 60, 90, 120, 150, 180, 200, 200])
  begun[0]!.destroy()
  await once(begun[0]!, 'close')
  service.dial(torrents[7]!, addresses, 0)
  assert.equal(begun.length, 201)
  for (const socket of begun) socket.destroy()
})
