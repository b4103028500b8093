import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemorySwarms } from '../../../src/tracker/swarms/memory-swarms.js'
import { randomNumbers } from '../../../src/tracker/swarms/open-swarms.js'
import { allocateStore, type StoreMemory } from '../../../src/tracker/swarms/store-memory.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { announceOf, limits } from './store.js'

/** A store, and the number of peers in the fullest bucket of its indexes. */
function makeStore() {
  const memory = allocateStore(limits, pseudoRandom(8))
  const store = new MemorySwarms({
    memory,
    limits,
    id: '00'.repeat(8),
    now: () => 1,
    random: () => 0,
  })
  return { store, fullest: () => fullestBucket(memory) }
}

function fullestBucket({ peers }: StoreMemory): number {
  const lengths = [peers.byId, peers.byAddress].flatMap(({ heads, next }) => {
    return Array.from(heads, (head) => {
      let length = 0
      for (let item = head; item !== 0; item = next[item]!) length += 1
      return length
    })
  })
  return Math.max(...lengths)
}

const addressOf = (n: number) => `2001:db8:0:${n.toString(16)}:0:0:0:1`

/** The size of the fullest bucket by chance, for the number of peers used here. */
const BY_CHANCE = 10

test('peers that have one peer id are found as fast as others', () => {
  const { store, fullest } = makeStore()
  for (let n = 0; n < 2000; n += 1) store.announce(announceOf({ peer: 'same', at: addressOf(n) }))
  assert.equal(store.totals().peers, 2000)
  assert.ok(fullest() < BY_CHANCE)
})

test('peers with one peer id are also found fast after a restore', () => {
  const { store } = makeStore()
  for (let n = 0; n < 2000; n += 1) store.announce(announceOf({ peer: 'same', at: addressOf(n) }))
  const other = makeStore()
  const restorer = other.store.restore(0)
  for (const slice of store.save()) restorer.write(slice)
  restorer.end()
  assert.equal(other.store.totals().peers, 2000)
  assert.ok(other.fullest() < BY_CHANCE)
})

test('peers with one peer id are also found fast if each has a key, or all have one address', () => {
  const { store, fullest } = makeStore()
  for (let n = 0; n < 2000; n += 1) {
    const wish = { peer: 'same', key: n + 1, port: n + 1 }
    store.announce(announceOf({ ...wish, at: addressOf(n) }))
    store.announce(announceOf({ ...wish, at: addressOf(5000) }))
  }
  assert.equal(store.totals().peers, 2000)
  assert.ok(fullest() < BY_CHANCE)
})

test('a peer id is stored once per key, and once per address without a key', () => {
  const { store, fullest } = makeStore()
  for (let n = 0; n < 1000; n += 1) {
    store.announce(announceOf({ peer: 'same', at: addressOf(n), key: n + 2 }))
  }
  for (let n = 0; n < 1000; n += 1) {
    store.announce(announceOf({ peer: 'same', at: addressOf(n), key: 1 }))
  }
  assert.equal(store.totals().peers, 1)
  for (let n = 0; n < 1000; n += 1) {
    store.announce(announceOf({ peer: 'same', at: '10.0.0.1', port: n }))
  }
  assert.equal(store.totals().peers, 2)
  assert.ok(fullest() < BY_CHANCE)
})

test('no mix of few ids, keys, addresses and ports fills a bucket', () => {
  const { store, fullest } = makeStore()
  const random = randomNumbers(pseudoRandom(16, 5))
  const below = (count: number) => random() % count
  for (let turn = 0; turn < 40_000; turn += 1) {
    const event = below(8) === 0 ? ('stopped' as const) : ('none' as const)
    const who = { peer: `${below(2)}`, key: below(3), at: addressOf(below(5)), port: below(300) }
    store.announce(announceOf({ ...who, event, wanted: 0 }))
  }
  assert.ok(store.totals().peers > 0)
  assert.ok(fullest() < BY_CHANCE)
})
