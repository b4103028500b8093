import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cutInfoHash,
  infoHashOfBytes,
  infoHashV2OfBytes,
  readInfoHash,
  readInfoHashV2,
  readSwarmHash,
  swarmHashes,
} from '../../src/metainfo/info-hash.js'

const V1 = infoHashOfBytes(Buffer.alloc(20, 0xab))
const V2 = infoHashV2OfBytes(Buffer.alloc(32, 0xcd))

test('an info hash is read in any case, and no other text is one', () => {
  assert.equal(readInfoHash('aB'.repeat(20)), V1)
  assert.equal(readInfoHashV2('Cd'.repeat(32)), V2)
  for (const text of ['', 'ab', ` ${V1}`, `${V1}\n`, 'xy'.repeat(20), V2]) {
    assert.equal(readInfoHash(text), null)
  }
  assert.equal(readInfoHashV2(V1), null)
  assert.deepEqual([V1, V2, 'ab'].map(readSwarmHash), [V1, cutInfoHash(V2), null])
})

test('peers announce a torrent of version 2 by 20 bytes of its info hash, a hybrid by both', () => {
  const cut = 'cd'.repeat(20)
  assert.equal(cutInfoHash(V2), cut)
  assert.deepEqual(swarmHashes({ infoHash: V1, infoHashV2: null }), [V1])
  assert.deepEqual(swarmHashes({ infoHash: null, infoHashV2: V2 }), [cut])
  assert.deepEqual(swarmHashes({ infoHash: V1, infoHashV2: V2 }), [V1, cut])
})
