import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignedPieceLength, automaticPieceLength } from '../../src/metainfo/piece-length.js'

const MIB = 2 ** 20
const GIB = 2 ** 30
const TIB = 2 ** 40

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
  [128 * GIB, 21],
] as const

/** Above it, content of each size has at most 65,536 pieces until 1 TiB. */
const LARGE = [
  [128 * GIB + 1, 22],
  [256 * GIB, 22],
  [256 * GIB + 1, 23],
  [512 * GIB, 23],
  [512 * GIB + 1, 24],
  [2 ** 50, 24],
] as const

for (const [size, pow2] of [...TABLE, ...LARGE]) {
  test(`${size} bytes are cut into pieces of 2^${pow2}`, () => {
    assert.equal(automaticPieceLength(size), 2 ** pow2)
  })
}

// A client that reads torrents of 10 MB at most (libtorrent's default) opens all of these
test('up to 4 TiB, the digests of version 1 have at most 6 MiB', () => {
  for (let size = 4 * GIB; size <= 4 * TIB; size += 4 * GIB) {
    const pieces = Math.ceil(size / automaticPieceLength(size))
    assert.ok(20 * pieces < 6 * MIB, `${size} bytes`)
  }
})

test('up to 2 TiB, the digests of a hybrid have at most 8 MiB, in one file or in many', () => {
  for (const files of [1, 7, 1000]) {
    for (let size = 4 * GIB; size <= 2 * TIB; size += 4 * GIB) {
      const lengths = new Array<number>(files).fill(Math.floor(size / files))
      const pieceLength = alignedPieceLength(lengths)
      const pieces = files * Math.ceil(size / files / pieceLength)
      assert.ok((20 + 32) * pieces < 8 * MIB, `${size} bytes in ${files} files`)
    }
  }
})
