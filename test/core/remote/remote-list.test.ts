import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRemoteList } from '../../../src/core/remote/remote-list.js'

const listOf = (count: number) => {
  const sums = Array.from({ length: count }, (_, n) => `${'ab'.repeat(32)}  ${n}.iso\n`)
  return parseRemoteList(Buffer.from(sums.join('')), 'SHA256SUMS')
}

test('a list may name 100,000 files', () => {
  assert.equal(listOf(100_000).length, 100_000)
  assert.throws(() => listOf(100_001), /SHA256SUMS: names more than 100000 files/)
})
