import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceOf, digestOf, makeStore, peersOf } from './store.js'

const V6 = '2001:db8:0:1:0:0:0:5'

test('counts distinguish seeds, leechers and downloaders', () => {
  const { store } = makeStore()
  store.announce(announceOf({ peer: 'a', at: '10.0.0.1', isComplete: true }))
  store.announce(announceOf({ peer: 'b', at: '10.0.0.2', event: 'paused' }))
  store.announce(announceOf({ peer: 'c', at: V6 }))
  const counts = { complete: 1, incomplete: 2, downloaders: 1, downloaded: 0 }
  assert.deepEqual(store.scrape(digestOf('torrent')), counts)
  assert.deepEqual(store.totals(), { swarms: 1, peers: 3, seeds: 1 })
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

test('an IPv4 address has a bounded number of peers in a swarm, and in all', () => {
  const { store } = makeStore({ maxPerAddressInSwarm: 2, maxPerAddress: 3 })
  const ask = (port: number, torrent: string) =>
    store.announce(announceOf({ peer: `${port}`, port, torrent })).refusal
  assert.deepEqual([ask(1, 'a'), ask(2, 'a'), ask(3, 'a')], [null, null, 'too-many'])
  assert.deepEqual([ask(3, 'b'), ask(4, 'b')], [null, 'too-many'])
  // Refused peers leave no torrent behind, whoever they announced to
  assert.equal(ask(4, 'c'), 'too-many')
  store.apply(announceOf({ peer: '4', port: 4, torrent: 'd' }), 1, false)
  assert.equal(store.totals().swarms, 2)
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

test('an answer has as many peers as were wanted, none of them twice', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 200; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  for (const wanted of [0, 1, 7, 50, 198, 199]) {
    const peers = peersOf(store.announce(announceOf({ peer: '5', port: 5, wanted })))
    assert.equal(peers.length, wanted)
    assert.equal(new Set(peers).size, wanted)
    assert.ok(!peers.includes('10.0.0.1:5'))
  }
})

test('few leechers leave their room to seeds', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 60; n += 1) {
    store.announce(announceOf({ peer: `${n}`, port: n, isComplete: n > 2 }))
  }
  const peers = peersOf(store.announce(announceOf({ peer: '1', port: 1, wanted: 59 })))
  assert.equal(peers.length, 59)
})

test('peers at loopback addresses are given only to peers that are there, too', () => {
  const { store } = makeStore()
  const at = (address: string) => announceOf({ peer: address, at: address })
  const [here, here6] = ['127.0.0.1', '0:0:0:0:0:0:0:1']
  for (const address of [here, here6, '10.0.0.7']) store.announce(at(address))
  assert.deepEqual(peersOf(store.announce(at('10.0.0.9'))), ['10.0.0.7:6881'])
  const near = ['0:0:0:0:0:0:0:1:6881', '10.0.0.7:6881', '10.0.0.9:6881', '127.0.0.1:6881']
  assert.deepEqual(peersOf(store.announce(at('127.0.0.2'))), near)
})

test('a leecher gets seeds and leechers in proportion to how many there are', () => {
  const { store } = makeStore()
  for (let n = 1; n <= 400; n += 1) {
    store.announce(announceOf({ peer: `${n}`, port: n, isComplete: n <= 100 }))
  }
  let seeds = 0
  for (let turn = 0; turn < 200; turn += 1) {
    const answer = store.announce(announceOf({ peer: '400', port: 400, wanted: 10 }))
    seeds += peersOf(answer).filter((peer) => Number(peer.split(':')[1]) <= 100).length
  }
  // A quarter of 2000 peers in each answer of two or three
  assert.ok(seeds > 450 && seeds < 550, `${seeds} seeds`)
})

test('every peer is given about as often as any other', () => {
  const { store } = makeStore()
  const peers = 101
  for (let n = 1; n <= peers; n += 1) store.announce(announceOf({ peer: `${n}`, port: n }))
  const given = new Map<string, number>()
  for (let turn = 0; turn < 4000; turn += 1) {
    const answer = store.announce(announceOf({ peer: '101', port: 101, wanted: 10 }))
    for (const peer of peersOf(answer)) given.set(peer, (given.get(peer) ?? 0) + 1)
  }
  // 400 times on average, with a standard deviation of 19
  assert.equal(given.size, peers - 1)
  assert.ok([...given.values()].every((times) => times > 300 && times < 500))
})

test('at port 0, many peers at one address are each counted, and none is taken for one with a port', () => {
  const { store } = makeStore()
  for (let n = 0; n < 40; n += 1) store.announce(announceOf({ peer: `web ${n}`, port: 0, key: 7 }))
  store.announce(announceOf({ peer: 'web 1', port: 6881 }))
  store.announce(announceOf({ peer: 'web 1', port: 0, key: 7 }))
  assert.equal(store.scrape(digestOf('torrent'))?.incomplete, 41)
  const asks = { peer: 'asks', at: '10.0.0.9' }
  assert.deepEqual(peersOf(store.announce(announceOf(asks))), ['10.0.0.1:6881'])
  for (let n = 0; n < 40; n += 1) {
    store.announce(announceOf({ peer: `web ${n}`, port: 0, key: 7, event: 'stopped' }))
  }
  assert.equal(store.scrape(digestOf('torrent'))?.incomplete, 2)
})
