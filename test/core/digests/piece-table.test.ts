import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countUnknownPieces,
  createTable,
  DIGEST,
  enterPieces,
  getPieces,
  setPieces,
  unknownPieces,
} from '../../../src/core/digests/piece-table.js'

/** Digests that can be told apart: so many bytes of each number. */
function digestsOf(...numbers: number[]): Uint8Array {
  return Uint8Array.from(numbers.flatMap((number) => Array<number>(DIGEST).fill(number)))
}

test('a table knows which digests are missing, and how many', () => {
  const table = createTable({ version: 'v1', files: [], pieceCount: 6 })
  assert.equal(countUnknownPieces(table), 6)
  setPieces(table, 1, digestsOf(1, 2))
  assert.equal(countUnknownPieces(table), 4)
  assert.deepEqual([...unknownPieces(table)], [0, 3, 4, 5])
})

test('a digest that is entered twice counts once', () => {
  const table = createTable({ version: 'v1', files: [], pieceCount: 4 })
  setPieces(table, 0, digestsOf(1, 2))
  setPieces(table, 1, digestsOf(7, 3))
  assert.equal(countUnknownPieces(table), 1)
  assert.deepEqual(getPieces(table, 0, 3), digestsOf(1, 7, 3))
  assert.deepEqual([...unknownPieces(table)], [3])
})

test('digests of pieces that lie apart are entered each in its place', () => {
  const table = createTable({ version: 'v1', files: [], pieceCount: 8 })
  enterPieces(table, Uint32Array.of(0, 2, 3, 4, 7), digestsOf(1, 2, 3, 4, 5))
  assert.deepEqual(table.digests, digestsOf(1, 0, 2, 3, 4, 0, 0, 5))
  assert.deepEqual([...unknownPieces(table)], [1, 5, 6])
})

test('of pieces that were given up half-way, those that are there are entered', () => {
  const table = createTable({ version: 'v1', files: [], pieceCount: 4 })
  enterPieces(table, Uint32Array.of(1, 2, 3), digestsOf(1, 2))
  assert.deepEqual([...unknownPieces(table)], [0, 3])
})
