import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HashedBytes } from '../../../src/mirror/torrents/hashed-bytes.js'

test('bytes count while they are being hashed, and only once', () => {
  const hashed = new HashedBytes()
  let done = 0
  const end = hashed.begin(() => done, false)
  const endAhead = hashed.begin(() => 7, true)
  done = 300
  assert.deepEqual([hashed.total, hashed.ahead], [307, 7])
  end(1000)
  endAhead(20)
  assert.deepEqual([hashed.total, hashed.ahead], [1020, 20])
})

test('bytes hashed before a failure stay counted', () => {
  const hashed = new HashedBytes()
  const end = hashed.begin(() => 300, true)
  end(0)
  assert.deepEqual([hashed.total, hashed.ahead], [300, 300])
})
