import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import net, { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { encodeBencode } from '../../src/metainfo/bencode/encode.js'
import type { SeedTorrent } from '../../src/seed/seeded.js'
import { SeedService } from '../../src/seed/service.js'
import { connectPeer } from '../support/seed.js'
import { infoHashOf } from '../support/info-hashes.js'
import { until } from '../support/until.js'

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

async function startService(t: TestContext): Promise<SeedService> {
  const service = await SeedService.open({
    ...{ host: '127.0.0.1', port: 0, lastPort: 0, maxUpload: null, version: '0' },
    ...{ announcedAddress: null, dht: false, dhtNodes: null, localDiscovery: false },
    monotonic: () => performance.now(),
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

test('of all addresses that are named, only so many are remembered', async (t) => {
  const service = await startService(t)
  const dialled: unknown[] = []
  const connected = t.mock.method(net, 'connect', (address: unknown) => {
    dialled.push(address)
    // Nobody is there
    return new Socket().destroy()
  })
  syncBuiltinESMExports()
  t.after(() => {
    connected.mock.restore()
    syncBuiltinESMExports()
  })
  const torrents = [largeTorrent('a').torrent, largeTorrent('b').torrent]
  for (const torrent of torrents) service.add(torrent)
  const dial = async (host: string, port: number) => {
    for (const torrent of torrents) service.dial(torrent, [{ host, port }])
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
