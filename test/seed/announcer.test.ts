import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Announcer } from '../../src/seed/announcer.js'
import type { Seeder, SeedTorrent } from '../../src/seed/seeder.js'

test('each torrent is announced, although those before it are due again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const announced = new Set<string>()
  t.mock.method(globalThis, 'fetch', (url: string) => {
    announced.add(/info_hash=([^&]+)/.exec(url)?.[1] ?? '')
    return Promise.resolve(new Response('d8:intervali60e5:peers0:e'))
  })
  const seeder = {
    ...{ peerId: '00'.repeat(20), port: 6881, stateOf: () => null, dial: () => undefined },
    // Each look finds all announces due
    monotonic: () => (now += 1e9),
  } as unknown as Seeder
  const announcer = new Announcer(seeder, null)
  for (let n = 0; n < 30; n++) announcer.add(torrentOf(n))
  for (let second = 0; second < 6; second++) {
    t.mock.timers.tick(1000)
    await setTimeout(20)
  }
  assert.equal(announced.size, 30)
})

function torrentOf(n: number): SeedTorrent {
  const infoHash = n.toString(16).padStart(40, '0')
  const trackers = [['http://127.0.0.1:1/announce']]
  const load = () => Promise.reject(new Error('not read here'))
  return {
    ...{ name: `${n}`, infoHash, infoHashV2: null, private: false, size: 1, trackers },
    load,
  }
}
