import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles, ZEROS } from '../../../src/hash/stream/content-stream.js'
import { groupPieces } from '../../../src/hash/stream/piece-groups.js'

const B = 16 * 1024

/** A file of ten blocks and a byte, padding, and a file of three blocks, in pieces of four. */
const STREAM = concatenateFiles(
  [
    { path: '/a', length: 10 * B + 1 },
    { path: ZEROS, length: 2 * B - 1 },
    { path: '/b', length: 3 * B },
  ],
  4 * B,
)

function groups(pieces: readonly number[], mostBlocks: number) {
  return [...groupPieces(STREAM, Uint32Array.from(pieces), mostBlocks)].map((group) => {
    return { pieces: [...group.pieces], fileBytes: group.fileBytes }
  })
}

test('pieces are parted where they would have too many blocks together', () => {
  assert.deepEqual(groups([0, 1, 2, 3], 8), [
    { pieces: [0, 1], fileBytes: 8 * B },
    { pieces: [2, 3], fileBytes: 5 * B + 1 },
  ])
})

test('a piece that has too many blocks by itself is a group', () => {
  assert.deepEqual(
    groups([1, 3], 1).map(({ pieces }) => pieces),
    [[1], [3]],
  )
})

test('no pieces are no group, and few are one', () => {
  assert.deepEqual(groups([], 8), [])
  assert.deepEqual(groups([0, 1, 2, 3], 100), [{ pieces: [0, 1, 2, 3], fileBytes: 13 * B + 1 }])
})
