import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertRefused } from '../../metainfo/refusal.js'
import type { PeerEvent } from '../../../src/tracker/swarms/swarm-types.js'
import { announceOf, digestOf, makeStore, peersOf } from './store.js'

type Store = ReturnType<typeof makeStore>['store']

function fill(store: Store, peers: number) {
  for (let n = 1; n <= peers; n += 1) {
    const at = n % 2 === 0 ? `10.0.0.${n % 250}` : `2001:db8:0:1:0:0:0:${n.toString(16)}`
    const event = n % 3 === 0 ? ('completed' as const) : ('paused' as const)
    const who = { peer: `${n}`, at, port: n, torrent: `${n % 7}`, key: n }
    store.announce(announceOf({ ...who, event, isComplete: n % 3 === 0 }))
  }
}

function peersIn(store: Store, torrent: string): string[] {
  const asks = { peer: 'asks', at: '10.9.9.9', torrent, wanted: 2000, port: 0 }
  const peers = peersOf(store.announce(announceOf(asks)))
  store.announce(announceOf({ ...asks, event: 'stopped' }))
  return peers
}

function savedBytes(store: Store): Buffer {
  return Buffer.concat(Array.from(store.save(), (slice) => Uint8Array.from(slice)))
}

function copy(from: Store, to: Store, { age = 0, cut = 1000 } = {}) {
  const bytes = savedBytes(from)
  const restorer = to.restore(age)
  for (let at = 0; at < bytes.length; at += cut) restorer.write(bytes.subarray(at, at + cut))
  restorer.end()
}

test('restoring a saved state gives the same swarms', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  fill(one, 3000)
  copy(one, other)
  assert.deepEqual(other.totals(), one.totals())
  for (let n = 0; n < 7; n += 1) {
    assert.deepEqual(other.scrape(digestOf(`${n}`)), one.scrape(digestOf(`${n}`)))
    assert.deepEqual(peersIn(other, `${n}`), peersIn(one, `${n}`))
  }
})

for (const [what, ofPeer] of [
  ['a peer without an address', () => ({ at: '0.0.0.0' })],
  ['one at an address of many', () => ({ at: '224.0.0.1' })],
  ['one at an IPv6 address of many', () => ({ at: 'ff02:0:0:0:0:0:0:1' })],
  ['one at port 0', () => ({ port: 0, key: 7 })],
  ['the own seed, which ends with the tracker', (key: number) => ({ key, isComplete: true })],
] as const) {
  test(`of a saved state, ${what} is not restored`, () => {
    const [one, other] = [makeStore().store, makeStore().store]
    one.announce(announceOf({ peer: 'gone', ...ofPeer(one.ownKey) }))
    one.announce(announceOf({ peer: 'other', port: 1 }))
    copy(one, other)
    assert.deepEqual(other.totals(), { swarms: 1, peers: 1, seeds: 0 })
  })
}

test('a state can be split anywhere, and all its chunks may share one buffer', () => {
  for (const size of [1, 100]) {
    const [one, other] = [makeStore().store, makeStore().store]
    fill(one, 50)
    const [bytes, buffer] = [savedBytes(one), Buffer.alloc(size)]
    const restorer = other.restore(0)
    for (let at = 0; at < bytes.length; at += buffer.length) {
      const length = bytes.copy(buffer, 0, at)
      restorer.write(buffer.subarray(0, length))
      buffer.fill(0)
    }
    restorer.end()
    assert.deepEqual(other.totals(), one.totals())
    for (let n = 0; n < 7; n += 1) assert.deepEqual(peersIn(other, `${n}`), peersIn(one, `${n}`))
  }
})

test('keys, peer ids and counted downloads survive', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  one.announce(announceOf({ peer: 'a', key: 9, event: 'completed', isComplete: true }))
  copy(one, other)
  other.announce(announceOf({ peer: 'a', key: 9, event: 'completed', isComplete: true }))
  assert.equal(other.scrape(digestOf('torrent'))?.downloaded, 1)
  other.announce(announceOf({ peer: 'a', key: 9, at: '10.0.0.7', event: 'stopped' }))
  assert.equal(other.totals().peers, 0)
})

test('downloads of other trackers count once, also after a restart', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  const hash = digestOf('torrent')
  one.announce(announceOf({ peer: 'a', event: 'completed', isComplete: true }))
  for (const total of [2, 5, 5, 3]) one.learnDownloads('ab'.repeat(8), hash, total)
  one.learnDownloads('cd'.repeat(8), hash, 1)
  copy(one, other)
  other.learnDownloads('ab'.repeat(8), hash, 5)
  assert.deepEqual([other.id, other.ownDownloads(hash)], [one.id, 1])
  assert.equal(other.scrape(hash)?.downloaded, 7)
  // Others may know more of its own downloads than a state that was saved before
  other.learnDownloads(one.id, hash, 4)
  assert.equal(other.scrape(hash)?.downloaded, 10)
})

test('a torrent at the place of a removed one has none of its downloads', () => {
  const [one, other] = [makeStore({ maxSwarms: 1 }).store, makeStore().store]
  const elsewhere = 'ab'.repeat(8)
  one.learnDownloads(elsewhere, digestOf('old'), 5)
  one.announce(announceOf({ torrent: 'new', event: 'completed', isComplete: true }))
  const hash = digestOf('new')
  assert.deepEqual([one.scrape(digestOf('old')), one.ownDownloads(hash)], [null, 1])
  one.learnDownloads(elsewhere, hash, 2)
  copy(one, other)
  assert.deepEqual([other.scrape(hash)?.downloaded, other.ownDownloads(hash)], [3, 1])
})

test('the time that a tracker was down counts for its peers', () => {
  const one = makeStore()
  one.store.announce(announceOf({ peer: 'early', port: 1, event: 'completed', isComplete: true }))
  one.clock.now += 1000
  one.store.announce(announceOf({ peer: 'late', port: 2 }))
  const other = makeStore({ peerTimeout: 2700 })
  copy(one.store, other.store, { age: 2000 })
  assert.deepEqual(peersIn(other.store, 'torrent'), ['10.0.0.1:2'])
  other.clock.now += 800
  while (!other.store.expire(1000));
  assert.equal(other.store.totals().peers, 0)
  assert.equal(other.store.scrape(digestOf('torrent'))?.downloaded, 1)
})

test('a save has every peer that was there all the time, whatever changes meanwhile', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  const staying = new Set<string>()
  for (let n = 1; n <= 1800; n += 1) {
    one.announce(announceOf({ peer: `${n}`, port: n }))
    staying.add(`10.0.0.1:${n}`)
  }
  const restorer = other.restore(0)
  let slices = 0
  for (const slice of one.save()) {
    restorer.write(slice)
    // Peers leave anywhere in the list, others join, and leechers become seeds
    for (let n = 1 + 100 * slices; n <= 100 + 100 * slices; n += 1) {
      one.announce(announceOf({ peer: `${n * 3}`, port: n * 3, event: 'stopped' }))
      staying.delete(`10.0.0.1:${n * 3}`)
      one.announce(announceOf({ peer: `new ${n}`, port: 10_000 + n }))
      one.announce(announceOf({ peer: `${n * 3 + 1}`, port: n * 3 + 1, isComplete: true }))
    }
    slices += 1
  }
  restorer.end()
  assert.ok(slices > 1)
  const restored = new Set(peersIn(other, 'torrent'))
  assert.deepEqual(
    [...staying].filter((peer) => !restored.has(peer)),
    [],
  )
})

test('a swarm that is removed during a save does no harm, nor do those at its place', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  const announce = (torrent: string, port: number, event: PeerEvent) =>
    one.announce(announceOf({ torrent, peer: `${torrent} ${port}`, port, event }))
  for (let n = 1; n <= 4000; n += 1) announce('torrent', n, 'none')
  const restorer = other.restore(0)
  let slices = 0
  for (const slice of one.save()) {
    restorer.write(slice)
    slices += 1
    for (let n = 1; n <= 4000; n += 1) announce('torrent', n, 'stopped')
    for (let n = 1; n <= 900; n += 1) announce('at its place', 10_000 + n, 'none')
  }
  restorer.end()
  assert.ok(slices > 1)
  assert.equal(one.totals().peers, 900)
  const portOf = (peer: string) => Number(peer.split(':')[1])
  assert.ok(peersIn(other, 'torrent').every((peer) => portOf(peer) <= 4000))
  assert.ok(peersIn(other, 'at its place').every((peer) => portOf(peer) > 10_000))
})

test('an incomplete or empty state is refused', () => {
  const { store } = makeStore()
  fill(store, 10)
  const bytes = savedBytes(store)
  const cut = makeStore().store.restore(0)
  cut.write(bytes.subarray(0, bytes.length - 1))
  assertRefused(
    () => {
      cut.end()
    },
    'io',
    'saved swarms: the state is cut off',
  )
  const other = makeStore().store.restore(0)
  const words = 'saved swarms: the state has invalid bytes'
  assertRefused(
    () => {
      other.write(Buffer.from('not swarms'))
    },
    'io',
    words,
  )
})

test('announces since the start take precedence over saved peers', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  one.announce(announceOf({ peer: 'a' }))
  other.announce(announceOf({ peer: 'a', isComplete: true }))
  copy(one, other)
  assert.deepEqual(other.totals(), { swarms: 1, peers: 1, seeds: 1 })
})
