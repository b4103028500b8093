import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeenSince } from '../../../src/mirror/views/seen-since.js'

function fileOf(mtimeNs: bigint) {
  const fingerprint = { size: 1, mtimeNs, ctimeNs: mtimeNs, inode: 1n, device: 1n }
  return { path: ['a'], absolutePath: '/m/a', fingerprint }
}

test('a file is known to be unchanged since its first lookup', () => {
  const seen = new SeenSince()
  assert.equal(seen.of(fileOf(1n), 5000), 5000)
  assert.equal(seen.of(fileOf(1n), 9000), 5000)
})

test('two states of a file have different seconds, even if they follow at once', () => {
  const seen = new SeenSince()
  assert.equal(seen.of(fileOf(1n), 5000), 5000)
  assert.equal(seen.of(fileOf(2n), 5001), 6000)
  assert.equal(seen.of(fileOf(1n), 5002), 7000)
})
