import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fileRecordName,
  ownPieces,
  packFileRecord,
  unpackFileRecord,
} from '../../../../src/disk/cache/records/bodies.js'
import {
  dayOf,
  packRecord,
  recordKey,
  unpackRecord,
} from '../../../../src/disk/cache/records/record.js'
import { checksumOf } from '../../../../src/base/bytes.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'

const P = 16384

const FILE_KEY = recordKey('file', '/srv/a')

test('a record with a wrong bit anywhere, and a cut one are ignored', () => {
  const packed = packRecord(FILE_KEY, pseudoRandom(100))
  for (let length = 0; length < packed.length; length++)
    assert.equal(unpackRecord(FILE_KEY, packed.subarray(0, length)), null)
  for (let bit = 0; bit < 8 * packed.length; bit++) {
    const damaged = Buffer.from(packed)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(unpackRecord(FILE_KEY, damaged), null, `bit ${bit}`)
  }
})

test('a record is ignored under any other key, of its own kind as well', () => {
  const packed = packRecord(FILE_KEY, pseudoRandom(100))
  for (const name of ['/srv/b', '/srv/a/', '/srv/', '']) {
    const key = recordKey('file', name)
    assert.equal(unpackRecord(key, packed), null, name)
  }
  assert.equal(unpackRecord(recordKey('info', '/srv/a'), packed), null)
  assert.equal(unpackRecord(Buffer.from('m/usage'), packed), null)
})

test('the checksum is FNV-1a', () => {
  // From http://www.isthe.com/chongo/src/fnv/test_fnv.c
  assert.equal(checksumOf(Buffer.from('')), 0x811c9dc5)
  assert.equal(checksumOf(Buffer.from('a')), 0xe40c292c)
  assert.equal(checksumOf(Buffer.from('foobar')), 0xbf9cf968)
})

test('a day is 24 hours of UTC', () => {
  assert.deepEqual([dayOf(0), dayOf(86_399_999), dayOf(86_400_000)], [0, 0, 1])
})

/** Where a file lies in its stream, and the pieces that are its own. */
const OWN: readonly (readonly [size: number, phase: number, own: object])[] = [
  [0, 0, { lead: 0, whole: 0, tailLength: 0 }],
  [P, 0, { lead: 0, whole: 1, tailLength: 0 }],
  [P - 1, 0, { lead: 0, whole: 0, tailLength: P - 1 }],
  [5, P - 5, { lead: 5, whole: 0, tailLength: 0 }],
  [5, P - 3, { lead: 3, whole: 0, tailLength: 2 }],
  [5, 1, { lead: 5, whole: 0, tailLength: 0 }],
  [3 * P, 1, { lead: P - 1, whole: 2, tailLength: 1 }],
]

for (const [size, phase, own] of OWN) {
  test(`a file of ${size} bytes at ${phase} of a piece owns ${JSON.stringify(own)}`, () => {
    assert.deepEqual(ownPieces({ pieceLength: P, phase, size }), own)
  })
}

const KEY = { path: '/srv/a', pieceLength: P, phase: 0, size: 3 * P + 5 }
const RECORD = {
  fingerprint: pseudoRandom(40),
  pieces: pseudoRandom(60),
  tail: pseudoRandom(20, 1),
  paddedTail: null,
}

test('pieces of another number than the file has are ignored', () => {
  const packed = packFileRecord(RECORD)
  for (const size of [0, P, 2 * P + 5, 4 * P + 5])
    assert.equal(unpackFileRecord(packed, { ...KEY, size }), null)
  // Such a file ends with a whole piece, so that it has no short one
  assert.equal(unpackFileRecord(packed, { ...KEY, size: 3 * P }), null)
  assert.equal(unpackFileRecord(packed, { ...KEY, phase: 1 }), null)
  for (let length = 0; length < packed.length; length++)
    assert.equal(unpackFileRecord(packed.subarray(0, length), KEY), null)
  assert.equal(unpackFileRecord(Buffer.concat([packed, Buffer.of(0)]), KEY), null)
  const strange = Buffer.from(packed)
  strange[1] = 4
  assert.equal(unpackFileRecord(strange, KEY), null)
})

test('files of other paths, pieces and places in them have other names', () => {
  const keys = [
    KEY,
    { ...KEY, path: '/srv/b' },
    { ...KEY, pieceLength: 2 * P },
    { ...KEY, phase: 1 },
  ]
  const names = new Set(keys.map((key) => Buffer.from(fileRecordName(key)).toString()))
  assert.equal(names.size, 4)
})
