import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyedHash, hashOf } from '../../../src/tracker/swarms/hash-table.js'

test('clients cannot know which texts have neighbouring hashes', () => {
  const words = Uint32Array.from({ length: 5 }, (_, n) => n)
  const hashes = Array.from({ length: 20 }, () => hashOf(new KeyedHash(5).part(words, 0, 5, 0)))
  assert.equal(new Set(hashes).size, 20)
})
