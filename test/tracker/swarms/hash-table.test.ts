import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HashTable, KeyedHash, hashOf } from '../../../src/tracker/swarms/hash-table.js'

test('numbers and counts of one hash are each found and removed', () => {
  const table = new HashTable()
  const numbers = Array.from({ length: 50 }, (_, n) => n + 1)
  const found = () => numbers.filter((n) => table.find(7, (each) => each === n) === n)
  for (const n of numbers) table.add(7, n)
  for (let n = 0; n < 3; n += 1) table.increase(7, 1)
  assert.deepEqual([found(), table.count(7)], [numbers, 3])
  for (const n of numbers) if (n % 2 === 0) table.remove(7, n)
  table.remove(7, 1000)
  assert.deepEqual(
    found(),
    numbers.filter((n) => n % 2 === 1),
  )
  assert.equal(table.count(7), 3)
})

test('a table in which numbers come and go keeps those that stay', () => {
  const table = new HashTable()
  for (let n = 1; n <= 100; n += 1) table.add(n * 1_000_003, n)
  for (let n = 101; n <= 50_000; n += 1) {
    table.add(n * 1_000_003, n)
    table.remove(n * 1_000_003, n)
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
