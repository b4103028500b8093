import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashWords } from '../../../src/tracker/swarms/keyed-hash.js'

test('words are spread evenly, and differently with another key', () => {
  const counts = new Uint32Array(64)
  let same = 0
  for (let n = 0; n < 64_000; n += 1) {
    const words = Uint32Array.of(n, 0, 0)
    const hash = hashWords(Uint32Array.of(1, 2), words, 3)
    counts[hash & 63]! += 1
    if (hash === hashWords(Uint32Array.of(1, 3), words, 3)) same += 1
  }
  // 1000 on average, with a standard deviation of 31
  assert.ok(counts.every((count) => count > 850 && count < 1150))
  assert.ok(same < 3)
})

test('the number of words changes the hash', () => {
  const key = Uint32Array.of(1, 2)
  const words = new Uint32Array(4)
  const hashes = [1, 2, 3, 4].map((count) => hashWords(key, words, count))
  assert.equal(new Set(hashes).size, 4)
})
