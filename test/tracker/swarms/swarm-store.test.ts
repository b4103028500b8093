import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerFlag } from '../../../src/tracker/swarms/peer-table.js'
import type { SwarmChange } from '../../../src/tracker/swarms/swarm-types.js'
import { announceOf, digestOf, makeStore, peersOf } from './store.js'

test('expired peers are removed, a slice at a time', () => {
  const { store, clock } = makeStore({ peerTimeout: 100 })
  for (let n = 1; n <= 20; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  clock.now += 60
  for (let n = 1; n <= 10; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  clock.now += 60
  assert.equal(store.expire(15), false)
  assert.equal(store.totals().peers, 15)
  assert.equal(store.expire(15), true)
  assert.equal(store.totals().peers, 10)
})

test('a full store refuses further peers, and accepts them once there is room', () => {
  const { store } = makeStore({ maxPeers: 3 })
  for (let n = 1; n <= 3; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  assert.equal(store.announce(announceOf({ peer: '4', port: 4 })).refusal, 'full')
  store.announce(announceOf({ peer: '2', port: 2, event: 'stopped' }))
  assert.equal(store.announce(announceOf({ peer: '4', port: 4 })).refusal, null)
  assert.equal(store.totals().peers, 3)
})

test('a peer that began here, and completed and stopped elsewhere within two seconds, is gone', () => {
  for (const age of [0, 1]) {
    const { store, clock } = makeStore()
    store.announce(announceOf({ peer: 'a' }))
    clock.now += 10
    const changes: SwarmChange[] = []
    store.onChange = (change) => changes.push(change)
    store.apply(announceOf({ peer: 'a', isComplete: true }), 1 - age, true)
    store.apply(announceOf({ peer: 'a', event: 'stopped' }), age, false)
    assert.deepEqual([store.totals().peers, changes], [0, []])
  }
})

test('of an announce here and a stop elsewhere the later one wins, by milliseconds', () => {
  for (const [stopAt, peers, changes] of [
    [10.001, 0, [['stopped', 10.001]]],
    [10, 1, [['none', 10]]],
    [9.999, 1, [['none', 10]]],
  ] as const) {
    const { store, clock } = makeStore()
    clock.now = 10
    store.announce(announceOf({ peer: 'a' }))
    clock.now = 11.5
    const told: [string, number][] = []
    store.onChange = ({ announce, at }) => told.push([announce.event, Number(at.toFixed(6))])
    store.apply(announceOf({ peer: 'a', event: 'stopped' }), clock.now - stopAt, false)
    assert.deepEqual([store.totals().peers, told], [peers, changes])
  }
})

test('the other trackers hear of a peer that is new, moves, or takes the place of another', () => {
  const { store } = makeStore()
  let told = 0
  store.onChange = () => told++
  for (const [n, peer] of [{ peer: 'a' }, { port: 7 }, { peer: 'b', port: 7 }].entries()) {
    for (let again = 0; again < 2; again++) store.announce(announceOf(peer))
    assert.equal(told, n + 1)
  }
})

test('the other trackers hear of a stop of a peer that only they know', () => {
  const { store } = makeStore()
  const told: SwarmChange[] = []
  store.onChange = (change) => told.push(change)
  store.announce(announceOf({ event: 'stopped' }))
  store.announce(announceOf({ event: 'stopped', at: '2001:db8:0:1:0:0:0:1' }))
  assert.deepEqual(
    told.map(({ flags }) => flags),
    [PeerFlag.gone, PeerFlag.gone | PeerFlag.v6],
  )
})

test('if there are too many swarms, the oldest one without peers is removed', () => {
  const { store } = makeStore({ maxSwarms: 3 })
  for (const torrent of ['old', 'young']) {
    store.announce(announceOf({ torrent, event: 'completed', isComplete: true }))
    store.announce(announceOf({ torrent, event: 'stopped' }))
  }
  store.announce(announceOf({ torrent: 'alive' }))
  assert.equal(store.announce(announceOf({ torrent: 'new' })).refusal, null)
  assert.equal(store.scrape(digestOf('old')), null)
  assert.equal(store.scrape(digestOf('young'))?.downloaded, 1)
  assert.equal(store.announce(announceOf({ torrent: 'newer' })).refusal, null)
  assert.equal(store.announce(announceOf({ torrent: 'newest' })).refusal, 'full')
})

test('torrents without peers are removed in the order in which they lost them', () => {
  const { store, clock } = makeStore({ maxSwarms: 4, peerTimeout: 100 })
  const torrents = ['a', 'b', 'c', 'd']
  for (const torrent of torrents)
    store.announce(announceOf({ torrent, event: 'completed', isComplete: true }))
  const kept = () => torrents.filter((torrent) => store.scrape(digestOf(torrent)) !== null)
  for (const torrent of ['c', 'a']) store.announce(announceOf({ torrent, event: 'stopped' }))
  clock.now += 101
  while (!store.expire(1));
  store.announce(announceOf({ torrent: 'a' }))
  for (const [n, left] of [['a', 'b', 'd'], ['a', 'd'], ['a']].entries()) {
    assert.equal(store.announce(announceOf({ torrent: `new ${n}` })).refusal, null)
    assert.deepEqual(kept(), left)
  }
  assert.deepEqual([...store.list()].length, 4)
})

test('the own seed does not count under the limits of its address', () => {
  const { store } = makeStore({ maxPerAddress: 2, maxPerAddressInSwarm: 1 })
  const refusalOf = (torrent: string, peer: string, port: number) => {
    const key = peer === 'own' ? store.ownKey : port
    return store.announce(announceOf({ torrent, peer, key, port })).refusal
  }
  const torrents = Array.from({ length: 5 }, (_, n) => `${n}`)
  for (const torrent of torrents) assert.equal(refusalOf(torrent, 'own', 77), null)
  assert.equal(refusalOf('0', 'stranger', 1), null)
  assert.equal(refusalOf('0', 'other', 2), 'too-many')
  assert.equal(refusalOf('1', 'stranger', 1), null)
  assert.equal(refusalOf('2', 'stranger', 1), 'too-many')
  for (const torrent of torrents) assert.equal(refusalOf(torrent, 'own', 77), null)
  store.announce(
    announceOf({ torrent: '0', peer: 'own', key: store.ownKey, port: 77, event: 'stopped' }),
  )
  assert.equal(refusalOf('2', 'stranger', 1), 'too-many')
})

test('a full store removes peers of the networks that have most', () => {
  const { store } = makeStore({ maxPeers: 100, maxPerAddress: 50 })
  for (let n = 0; n < 100; n += 1) {
    store.announce(announceOf({ peer: `${n}`, port: 1 + n, at: `10.0.${n % 2}.1` }))
  }
  const honest = Array.from({ length: 20 }, (_, n) => `192.0.${n}.1`)
  for (const at of honest) {
    assert.equal(store.announce(announceOf({ peer: at, at })).refusal, null, at)
  }
  assert.equal(store.totals().peers, 100)
  // Peers of such networks do not displace a member
  const greedy = announceOf({ peer: 'greedy', port: 999, at: '10.0.0.1' })
  for (let n = 0; n < 50; n += 1) store.announce({ ...greedy, peerId: digestOf(`g${n}`), port: n })
  const found = peersOf(store.announce(announceOf({ peer: 'x', at: '192.1.0.1', wanted: 200 })))
  for (const at of honest) assert.ok(found.includes(`${at}:6881`), at)
})

test('a full store also removes peers of a network with one peer per address', () => {
  for (const spell of [(n: number) => `10.0.0.${n}`, (n: number) => `2001:db8:1:${n}:0:0:0:1`]) {
    const { store } = makeStore({ maxPeers: 50 })
    for (let n = 1; n <= 50; n += 1) store.announce(announceOf({ peer: `${n}`, at: spell(n) }))
    assert.equal(store.announce(announceOf({ peer: 'far', at: '192.0.2.1' })).refusal, null)
  }
})

test('if there are too many swarms, those of one greedy peer are removed', () => {
  const { store } = makeStore({ maxSwarms: 50 })
  for (let n = 0; n < 10; n += 1) {
    store.announce(announceOf({ torrent: `shared`, at: `192.0.${n}.1` }))
  }
  for (let n = 0; n < 49; n += 1) store.announce(announceOf({ torrent: `${n}`, at: '10.0.0.1' }))
  assert.equal(store.announce(announceOf({ torrent: 'more', at: '10.0.0.1' })).refusal, 'full')
  for (let n = 0; n < 20; n += 1) {
    const announce = announceOf({ torrent: `honest ${n}`, at: `192.1.${n}.1` })
    assert.equal(store.announce(announce).refusal, null)
    assert.equal(store.scrape(digestOf(`honest ${n}`))?.incomplete, 1)
  }
  assert.equal(store.scrape(digestOf('shared'))?.incomplete, 10)
  assert.deepEqual([store.totals().swarms, store.totals().peers], [50, 59])
})

test('if there are too many swarms, those of the addresses of one network are removed', () => {
  for (const spell of [(n: number) => `10.0.0.${n}`, (n: number) => `2001:db8:1:${n}:0:0:0:1`]) {
    const { store } = makeStore({ maxSwarms: 50 })
    for (let n = 0; n < 50; n += 1) {
      for (const peer of [1, 2, 3])
        store.announce(
          announceOf({ torrent: `${n}`, peer: `${peer}`, at: spell(1 + (n % 40) + peer) }),
        )
    }
    for (let n = 0; n < 20; n += 1) {
      const announce = announceOf({ torrent: `honest ${n}`, at: `192.1.${n}.1` })
      assert.equal(store.announce(announce).refusal, null)
    }
    assert.deepEqual([store.totals().swarms, store.totals().peers], [50, 110])
  }
})

test('the last peer of a swarm is not removed for one of the same swarm', () => {
  for (const torrent of ['a', 'b', 'c']) {
    for (let n = 0; n < 20; n += 1) {
      const { store } = makeStore({ maxPeers: 3 })
      for (const each of ['a', 'b', 'c']) store.announce(announceOf({ torrent: each }))
      assert.equal(store.announce(announceOf({ torrent, at: `192.0.${n}.1` })).refusal, null)
      assert.equal(store.scrape(digestOf(torrent))?.incomplete, 2)
      assert.deepEqual(store.totals(), { swarms: 2, peers: 3, seeds: 0 })
    }
  }
})

test('in a full store others of the network find room beside its greediest address', () => {
  const { store } = makeStore({ maxPeers: 50 })
  for (let n = 1; n <= 50; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  assert.equal(store.announce(announceOf({ peer: 'same', port: 99 })).refusal, 'full')
  assert.equal(store.announce(announceOf({ peer: 'other', at: '10.0.0.2' })).refusal, null)
})
