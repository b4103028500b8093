import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { InputHash } from '../../../src/core/digests/input-hash.js'

test('each byte of an input counts, however long the names of a directory are', () => {
  const hash = new InputHash()
  for (const length of [10, 65_536, 65_537, 200_000]) {
    const parts = [Buffer.from('before'), Buffer.alloc(length, 'name'), Buffer.from('behind')]
    for (const part of parts) hash.bytes(part)
    const expected = createHash('sha256').update(Buffer.concat(parts)).digest('hex')
    assert.equal(Buffer.from(hash.digest()).toString('hex'), expected, `${length}`)
  }
})
