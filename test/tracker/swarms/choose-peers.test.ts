import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceOf, makeStore, peersOf } from './store.js'

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
  const { infoHash } = at(here)
  const outside = { infoHash, wanted: 9, wantsIds: false }
  const far = ['10.0.0.7:6881', '10.0.0.9:6881']
  assert.deepEqual(peersOf(store.choose({ ...outside, isLoopback: false })), far)
  assert.equal(peersOf(store.choose({ ...outside, isLoopback: true })).length, 5)
})
