import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HashTable, KeyedHash, hashOf } from '../../../src/tracker/swarms/hash-table.js'

test('a table in which numbers come and go keeps those that stay', () => {
  const table = new HashTable()
  for (let n = 1; n <= 100; n += 1) table.add(n * 1_000_003, n)
  for (let n = 101; n <= 50_000; n += 1) {
    table.add(n * 1_000_003, n)
    // The second time it is gone
    for (let time = 0; time < 2; time += 1) table.remove(n * 1_000_003, n)
  }
  for (let n = 1; n <= 101; n += 1)
    assert.equal(
      table.find((n * 1_000_003) | 0, () => true),
      n <= 100 ? n : 0,
    )
})

test('clients cannot know which texts have neighbouring hashes', () => {
  const words = Uint32Array.from({ length: 5 }, (_, n) => n)
  const hashes = Array.from({ length: 20 }, () => hashOf(new KeyedHash(5).part(words, 0, 5, 0)))
  assert.equal(new Set(hashes).size, 20)
})
