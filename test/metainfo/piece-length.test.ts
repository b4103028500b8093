import assert from 'node:assert/strict'
import { test } from 'node:test'
import { automaticPieceLength } from '../../src/metainfo/piece-length.js'

const MIB = 2 ** 20

/** BitTornado's table: the largest content of each piece length. */
const TABLE = [
  [1, 15],
  [4 * MIB, 15],
  [4 * MIB + 1, 16],
  [16 * MIB, 16],
  [16 * MIB + 1, 17],
  [64 * MIB, 17],
  [64 * MIB + 1, 18],
  [512 * MIB, 18],
  [512 * MIB + 1, 19],
  [2048 * MIB, 19],
  [2048 * MIB + 1, 20],
  [8192 * MIB, 20],
  [8192 * MIB + 1, 21],
  [2 ** 50, 21],
] as const

for (const [size, pow2] of TABLE) {
  test(`${size} bytes are cut into pieces of 2^${pow2}, as by BitTornado`, () => {
    assert.equal(automaticPieceLength(size), 2 ** pow2)
  })
}
