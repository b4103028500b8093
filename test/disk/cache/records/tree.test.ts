import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packTreeRecord, unpackTreeRecord } from '../../../../src/disk/cache/records/bodies.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'

const BLOCK = 16 * 1024
const KEY = { path: '/a', size: 3 * BLOCK + 1 }
const RECORD = {
  fingerprint: pseudoRandom(40, 1),
  root: pseudoRandom(32, 2),
  height: 0,
  nodes: pseudoRandom(4 * 32, 3),
}

/** A record with plain arrays of bytes, whatever kind of view it had. */
function plain(record: ReturnType<typeof unpackTreeRecord>) {
  return record && Object.values(record).map((value) => Buffer.from([value].flat() as never))
}

test('a record of a higher layer has fewer nodes', () => {
  const record = { ...RECORD, height: 1, nodes: RECORD.nodes.subarray(64) }
  assert.deepEqual(plain(unpackTreeRecord(packTreeRecord(record), KEY)), plain(record))
})

test('a record of a file of another size is none', () => {
  const packed = packTreeRecord(RECORD)
  for (const size of [1, BLOCK, 3 * BLOCK, 4 * BLOCK + 1]) {
    assert.equal(unpackTreeRecord(packed, { ...KEY, size }), null, `${size}`)
  }
})

test('bytes that are cut short or too long are no record', () => {
  const packed = packTreeRecord(RECORD)
  for (let length = 0; length < packed.length; length++) {
    assert.equal(unpackTreeRecord(packed.subarray(0, length), KEY), null, `${length}`)
  }
  assert.equal(unpackTreeRecord(Buffer.concat([packed, Buffer.of(0)]), KEY), null)
})

test('a record that claims an absurd height is none', () => {
  for (const height of [1, 2, 40, 255]) {
    const packed = Buffer.from(packTreeRecord(RECORD))
    packed[1] = height
    assert.equal(unpackTreeRecord(packed, KEY), null, `${height}`)
  }
})
