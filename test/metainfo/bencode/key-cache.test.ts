import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyCache } from '../../../src/metainfo/bencode/read.js'

test('every key is the latin1 text of its bytes, however many share a place in the cache', () => {
  const keys = ['', 'a', '\xff', 'length', 'k'.repeat(32), 'k'.repeat(33)]
  for (let n = 0; n < 2000; n += 1) keys.push(`k${n}z`, `length${n % 7}`)
  const whole = Buffer.from(`skipped${keys.join('')}`, 'latin1').subarray(7)
  const cache = new KeyCache(whole)
  for (let round = 0; round < 2; round += 1) {
    let at = 0
    for (const key of keys) {
      assert.equal(cache.textOf(whole.subarray(at, at + key.length)), key)
      at += key.length
    }
  }
})

test('keys of the same length and ends are not taken for one another', () => {
  const whole = Buffer.from('abcaxc')
  const cache = new KeyCache(whole)
  assert.equal(cache.textOf(whole.subarray(0, 3)), 'abc')
  assert.equal(cache.textOf(whole.subarray(3, 6)), 'axc')
})
