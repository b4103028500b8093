import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketsFor, HashIndex } from '../../../src/tracker/swarms/hash-index.js'
import { randomNumbers } from '../../../src/tracker/swarms/open-swarms.js'
import { pseudoRandom } from '../../support/pseudo-random.js'

const ITEMS = 5000

function makeIndex(): HashIndex {
  return new HashIndex({
    heads: new Uint32Array(bucketsFor(ITEMS)),
    next: new Uint32Array(ITEMS + 1),
    hashes: new Uint32Array(ITEMS + 1),
    counts: new Uint32Array(2),
  })
}

function itemsOf(index: HashIndex, hash: number): number[] {
  const items: number[] = []
  for (let item = index.first(hash); item !== 0; item = index.following(item)) items.push(item)
  return items.sort((a, b) => a - b)
}

/** Adds and removes items in an index and compares the results with a plain map. */
function exercise(index: HashIndex): void {
  const random = randomNumbers(pseudoRandom(16))
  const hashes = new Map<number, number>()
  const wanted = new Map<number, Set<number>>()
  for (let turn = 0; turn < 40_000; turn += 1) {
    const item = 1 + (random() % ITEMS)
    const known = hashes.get(item)
    if (known === undefined) {
      // Few low bits, and some hashes that several items share
      const hash = ((random() % 3000) << 19) >>> 0
      index.add(item, hash)
      hashes.set(item, hash)
      wanted.set(hash, (wanted.get(hash) ?? new Set()).add(item))
    } else {
      index.remove(item)
      hashes.delete(item)
      wanted.get(known)!.delete(item)
    }
  }
  for (const [hash, items] of wanted) {
    assert.deepEqual(
      itemsOf(index, hash),
      [...items].sort((a, b) => a - b),
    )
  }
}

test('items are found by their hash while the table grows and they come and go', () => {
  exercise(makeIndex())
})

test('a table reserved for too few or too many items finds them, too', () => {
  for (const items of [1, 1000, 3 * ITEMS]) {
    const index = makeIndex()
    index.reserve(items)
    exercise(index)
  }
})

test('reserving does not change a table with items', () => {
  const index = makeIndex()
  for (let item = 1; item <= 1000; item += 1) index.add(item, item)
  index.reserve(ITEMS)
  for (let item = 1; item <= 1000; item += 1) assert.deepEqual(itemsOf(index, item), [item])
})

test('an unknown hash finds nothing', () => {
  const index = makeIndex()
  index.add(1, 77)
  assert.equal(index.first(77 + 64), 0)
})
