import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceOf, digestOf, makeStore, peersOf } from './store.js'

const V6 = '2001:db8:0:1:0:0:0:5'

test('peers of a torrent find each other, and not themselves', () => {
  const { store } = makeStore()
  assert.deepEqual(peersOf(store.announce(announceOf({ peer: 'a', at: '10.0.0.1' }))), [])
  assert.deepEqual(peersOf(store.announce(announceOf({ peer: 'b', at: '10.0.0.2' }))), [
    '10.0.0.1:6881',
  ])
  assert.deepEqual(peersOf(store.announce(announceOf({ peer: 'a', at: '10.0.0.1' }))), [
    '10.0.0.2:6881',
  ])
})

test('peers of another torrent are not given', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', torrent: 'one' }))
  const answer = store.announce(announceOf({ peer: 'b', at: '10.0.0.2', torrent: 'other' }))
  assert.deepEqual(peersOf(answer), [])
})

test('counts distinguish seeds, leechers and downloaders', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1', isComplete: true }))
  store.announce(announceOf({ peer: 'b', at: '10.0.0.2', event: 'paused' }))
  store.announce(announceOf({ peer: 'c', at: V6 }))
  const counts = { complete: 1, incomplete: 2, downloaders: 1, downloaded: 0 }
  assert.deepEqual(store.scrape(digestOf('torrent')), counts)
  assert.deepEqual(store.totals(), { swarms: 1, peers: 3, seeds: 1 })
})

test('a torrent that nobody announced has no counts', () => {
  assert.equal(makeStore().store.scrape(digestOf('torrent')), null)
})

test('seeds and partial seeds get only leechers', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'seed', at: '10.0.0.1', isComplete: true }))
  store.announce(announceOf({ peer: 'leecher', at: '10.0.0.2' }))
  const seed = announceOf({ peer: 'other', at: '10.0.0.3', isComplete: true })
  assert.deepEqual(peersOf(store.announce(seed)), ['10.0.0.2:6881'])
  const partial = announceOf({ peer: 'partial', at: '10.0.0.4', event: 'paused' })
  assert.deepEqual(peersOf(store.announce(partial)), ['10.0.0.2:6881'])
})

test('a peer that completes is a seed from then on, and counted as a download once', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a' }))
  for (let again = 0; again < 3; again += 1) {
    store.announce(announceOf({ peer: 'a', event: 'completed', isComplete: true }))
  }
  const counts = { complete: 1, incomplete: 0, downloaders: 0, downloaded: 1 }
  assert.deepEqual(store.scrape(digestOf('torrent')), counts)
})

test('a peer that says it has completed while something is left is not counted', () => {
  const { store } = makeStore()
  store.announce(announceOf({ event: 'completed' }))
  assert.equal(store.scrape(digestOf('torrent'))?.downloaded, 0)
})

test('a peer that stops is removed; the number of downloads stays', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', event: 'completed', isComplete: true }))
  const answer = store.announce(announceOf({ peer: 'a', event: 'stopped', isComplete: true }))
  assert.equal(answer.complete, 0)
  assert.equal(store.scrape(digestOf('torrent'))?.downloaded, 1)
  assert.equal(store.totals().peers, 0)
})

test('a torrent that nobody completed is removed with its last peer, unless the limits keep it', () => {
  for (const keepsEmpty of [false, true]) {
    const { store } = makeStore({ keepsEmpty })
    store.announce(announceOf({ peer: 'a' }))
    store.announce(announceOf({ peer: 'a', event: 'stopped' }))
    assert.equal(store.scrape(digestOf('torrent')) !== null, keepsEmpty)
  }
})

test('stopping without starting leaves nothing behind', () => {
  const { store } = makeStore()
  store.announce(announceOf({ event: 'stopped' }))
  assert.deepEqual(store.totals(), { swarms: 0, peers: 0, seeds: 0 })
})

test('another address cannot stop or change a peer without its key', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1', key: 77 }))
  for (const key of [0, 78]) {
    store.announce(announceOf({ peer: 'a', at: '10.0.0.9', key, event: 'stopped' }))
    assert.equal(store.totals().peers, 1)
  }
  store.announce(announceOf({ peer: 'a', at: '10.0.0.9', key: 78, isComplete: true }))
  const answer = store.announce(announceOf({ peer: 'b', at: '10.0.0.2' }))
  assert.deepEqual(peersOf(answer), ['10.0.0.1:6881', '10.0.0.9:6881'])
})

test('a peer without a key cannot be taken over by one without a key', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1' }))
  store.announce(announceOf({ peer: 'a', at: '10.0.0.9', event: 'stopped' }))
  assert.equal(store.totals().peers, 1)
})

test('a peer with its key may move to another address', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1', key: 77 }))
  store.announce(announceOf({ peer: 'a', at: '10.0.0.9', port: 7000, key: 77 }))
  const answer = store.announce(announceOf({ peer: 'b', at: '10.0.0.2' }))
  assert.deepEqual(peersOf(answer), ['10.0.0.9:7000'])
})

test('a peer that has no key is recognized by id and address, also after its port changes', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', port: 1 }))
  store.announce(announceOf({ peer: 'a', port: 2 }))
  store.announce(announceOf({ peer: 'a', port: 3, key: 77 }))
  assert.deepEqual(peersOf(store.announce(announceOf({ peer: 'b', at: '10.0.0.2' }))), [
    '10.0.0.1:3',
  ])
})

test('a peer cannot be taken over from its own address without its key', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', port: 1, key: 77 }))
  for (const key of [0, 78]) {
    store.announce(announceOf({ peer: 'a', port: 2, key, event: 'stopped' }))
    store.announce(announceOf({ peer: 'a', port: 3, key, isComplete: true }))
  }
  const peers = peersOf(store.announce(announceOf({ peer: 'b', at: '10.0.0.2' })))
  assert.ok(peers.includes('10.0.0.1:1'))
})

test('a client restarted at its address and port is one peer', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'before' }))
  const answer = store.announce(announceOf({ peer: 'after', isComplete: true }))
  assert.deepEqual(peersOf(answer), [])
  assert.deepEqual(store.totals(), { swarms: 1, peers: 1, seeds: 1 })
})

test('several clients behind one address are several peers', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', port: 1 }))
  const answer = store.announce(announceOf({ peer: 'b', port: 2 }))
  assert.deepEqual(peersOf(answer), ['10.0.0.1:1'])
})

test('a client with both address families is a peer in each', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1', key: 5 }))
  store.announce(announceOf({ peer: 'a', at: V6, key: 5 }))
  const wish = { peer: 'b', at: '10.0.0.2' }
  const both = store.announce(announceOf(wish))
  assert.deepEqual(peersOf(both), ['10.0.0.1:6881', `${V6}:6881`])
  const own = store.announce(announceOf({ ...wish, wantsBothFamilies: false }))
  assert.deepEqual(peersOf(own), ['10.0.0.1:6881'])
})

test('the own address family comes first, and the other fills up', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 9; n += 1) {
    store.announce(announceOf({ peer: `4-${n}`, at: `10.0.0.${n}` }))
    store.announce(announceOf({ peer: `6-${n}`, at: `2001:db8:0:1:0:0:0:${n}` }))
  }
  const answer = store.announce(announceOf({ peer: 'me', at: V6, port: 9, wanted: 12 }))
  assert.equal(answer.peers6.length / 18, 9)
  assert.equal(answer.peers4.length / 6, 3)
})

test('peer ids are given on request, in the order of the peers', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1' }))
  store.announce(announceOf({ peer: 'b', at: V6 }))
  const answer = store.announce(announceOf({ peer: 'c', at: '10.0.0.3', wantsIds: true }))
  assert.deepEqual(Buffer.from(answer.ids4), digestOf('a'))
  assert.deepEqual(Buffer.from(answer.ids6), digestOf('b'))
})

test('a peer that nobody can connect to is counted but not given', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', port: 0 }))
  const answer = store.announce(announceOf({ peer: 'b', at: '10.0.0.2' }))
  assert.deepEqual(peersOf(answer), [])
  assert.equal(answer.incomplete, 2)
})

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

test('an IPv4 address has a bounded number of peers in a swarm, and in all', () => {
  const { store } = makeStore({ maxPerAddressInSwarm: 2, maxPerAddress: 3 })
  const ask = (port: number, torrent: string) =>
    store.announce(announceOf({ peer: `${port}`, port, torrent })).refusal
  assert.deepEqual([ask(1, 'a'), ask(2, 'a'), ask(3, 'a')], [null, null, 'too-many'])
  assert.deepEqual([ask(3, 'b'), ask(4, 'b')], [null, 'too-many'])
  // A known peer may continue
  assert.equal(ask(1, 'a'), null)
  assert.equal(
    store.announce(announceOf({ peer: 'x', at: '10.0.0.2', torrent: 'a' })).refusal,
    null,
  )
  store.announce(announceOf({ peer: '1', port: 1, torrent: 'a', event: 'stopped' }))
  assert.equal(ask(4, 'b'), null)
})

test('an IPv6 /64 has as many peers as one IPv4 address', () => {
  const { store } = makeStore({ maxPerAddressInSwarm: 2 })
  const ask = (at: string) => store.announce(announceOf({ peer: at, at })).refusal
  assert.equal(ask('2001:db8:0:1:0:0:0:1'), null)
  assert.equal(ask('2001:db8:0:1:ffff:0:0:2'), null)
  assert.equal(ask('2001:db8:0:1:0:5:0:3'), 'too-many')
  assert.equal(ask('2001:db8:0:2:0:0:0:3'), null)
})

test('a peer that moves with its key is limited at its new address', () => {
  for (const bounds of [{ maxPerAddressInSwarm: 2 }, { maxPerAddress: 2 }]) {
    for (const [from, to] of [
      ['10.0.0.1', '10.0.0.2'],
      ['2001:db8:0:1:0:0:0:1', '2001:db8:0:2:0:0:0:1'],
    ] as const) {
      const { store } = makeStore(bounds)
      const ask = (n: number, at: string) =>
        store.announce(announceOf({ peer: `${n}`, port: n, key: n, at })).refusal
      assert.deepEqual([ask(1, to), ask(2, to), ask(3, from)], [null, null, null])
      assert.equal(ask(3, to), 'too-many')
      // It stays where it was, and may move once there is room
      assert.equal(store.totals().peers, 3)
      assert.deepEqual([ask(4, from), ask(5, from)], [null, 'too-many'])
      store.announce(announceOf({ peer: '1', port: 1, key: 1, at: to, event: 'stopped' }))
      assert.equal(ask(3, to), null)
      assert.equal(ask(5, from), null)
    }
  }
})

test('a peer moves within a /64, or takes the place of another, at the limit', () => {
  const { store } = makeStore({ maxPerAddressInSwarm: 1 })
  const ask = (peer: string, at: string, port: number) =>
    store.announce(announceOf({ peer, port, key: 77, at })).refusal
  assert.equal(ask('a', '2001:db8:0:1:0:0:0:1', 1), null)
  assert.equal(ask('a', '2001:db8:0:1:0:0:0:2', 2), null)
  assert.equal(ask('b', '2001:db8:0:2:0:0:0:1', 1), null)
  assert.equal(ask('b', '2001:db8:0:1:0:0:0:2', 2), null)
  assert.equal(store.totals().peers, 1)
})

test('forgetting a swarm removes its peers', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 9; n += 1) {
    store.announce(announceOf({ peer: `${n}`, port: n, isComplete: n > 5, event: 'completed' }))
  }
  store.announce(announceOf({ peer: 'else', torrent: 'else' }))
  store.forget(digestOf('torrent'))
  assert.equal(store.scrape(digestOf('torrent')), null)
  assert.deepEqual(store.totals(), { swarms: 1, peers: 1, seeds: 0 })
})

test('a list in parts has all swarms', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 10; n += 1) {
    store.announce(announceOf({ torrent: `${n}`, event: 'completed', isComplete: true }))
  }
  store.forget(digestOf('3'))
  const found: string[] = []
  let from: number | null = 0
  while (from !== null) {
    const page = store.list(from, 4)
    found.push(...page.swarms.map(({ infoHash }) => Buffer.from(infoHash).toString('hex')))
    assert.ok(page.swarms.every(({ complete, downloaded }) => complete === 1 && downloaded === 1))
    from = page.next
  }
  const wanted = [1, 2, 4, 5, 6, 7, 8, 9, 10].map((n) => digestOf(`${n}`))
  assert.deepEqual(found.sort(), wanted.map((hash) => Buffer.from(hash).toString('hex')).sort())
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

test('the last peer of a swarm is not removed for one of the same swarm', () => {
  let taken = 0
  for (const torrent of ['a', 'b', 'c']) {
    for (let n = 0; n < 20; n += 1) {
      const { store } = makeStore({ maxPeers: 3 })
      for (const each of ['a', 'b', 'c']) store.announce(announceOf({ torrent: each }))
      // There are so few counters that some networks share one
      if (store.announce(announceOf({ torrent, at: `192.0.${n}.1` })).refusal !== null) continue
      taken += 1
      assert.equal(store.scrape(digestOf(torrent))?.incomplete, 2)
      assert.deepEqual(store.totals(), { swarms: 2, peers: 3, seeds: 0 })
    }
  }
  assert.ok(taken > 0)
})

test('in a full store others of the network find room beside its greediest address', () => {
  const { store } = makeStore({ maxPeers: 50 })
  for (let n = 1; n <= 50; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  assert.equal(store.announce(announceOf({ peer: 'same', port: 99 })).refusal, 'full')
  assert.equal(store.announce(announceOf({ peer: 'other', at: '10.0.0.2' })).refusal, null)
})
