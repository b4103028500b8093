import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BAD,
  countPieces,
  GOOD,
  markUnchecked,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
} from '../../../src/core/verify/pieces.js'

/** Pieces of ten bytes, the last of five. */
function piecesOf(...states: number[]) {
  return { states: Uint8Array.from(states), pieceLength: 10, size: states.length * 10 - 5 }
}

function marked(range: Interval): string {
  const pieces = piecesOf(GOOD, GOOD, GOOD, GOOD, GOOD)
  markUnchecked(pieces, range)
  return [...pieces.states].map((state) => (state === UNCHECKED ? '1' : '0')).join('')
}

test('every piece that a range touches is marked', () => {
  assert.equal(marked([0, 10]), '10000')
  assert.equal(marked([9, 11]), '11000')
  assert.equal(marked([10, 20]), '01000')
  assert.equal(marked([15, 16]), '01000')
  assert.equal(marked([0, 45]), '11111')
})

test('an empty range marks nothing, even inside a piece', () => {
  assert.equal(marked([15, 15]), '00000')
})

test('adjoining pieces are one range, and the last piece may be short', () => {
  assert.deepEqual(rangesOf(piecesOf(BAD, BAD, GOOD, BAD, BAD), [0, 45], BAD), [
    [0, 20],
    [30, 45],
  ])
  assert.deepEqual(rangesOf(piecesOf(GOOD, BAD, GOOD), [0, 25], BAD), [[10, 20]])
  assert.deepEqual(rangesOf(piecesOf(GOOD, GOOD, GOOD), [0, 25], BAD), [])
})

test('only pieces of the wanted states count', () => {
  const pieces = piecesOf(BAD, SUSPECT, UNCHECKED, GOOD)
  assert.deepEqual(rangesOf(pieces, [0, 35], SUSPECT), [[10, 20]])
  assert.deepEqual(rangesOf(pieces, [0, 35], BAD | SUSPECT), [[0, 20]])
  assert.deepEqual(rangesOf(pieces, [0, 35], UNCHECKED), [[20, 30]])
  assert.deepEqual([countPieces(pieces, BAD | SUSPECT), countPieces(pieces, UNCHECKED)], [2, 1])
})

test('a piece over several files is a part of each, counted from its beginning', () => {
  const pieces = piecesOf(BAD, BAD, GOOD)
  const files: Interval[] = [
    [0, 5],
    [5, 18],
    [18, 25],
  ]
  assert.deepEqual(
    files.map((file) => rangesOf(pieces, file, BAD)),
    [[[0, 5]], [[0, 13]], [[0, 2]]],
  )
})

test('ranges end where files end, and an empty file has none', () => {
  const pieces = piecesOf(BAD, GOOD, BAD)
  assert.deepEqual(rangesOf(pieces, [0, 10], BAD), [[0, 10]])
  assert.deepEqual(rangesOf(pieces, [10, 20], BAD), [])
  assert.deepEqual(rangesOf(pieces, [5, 5], BAD), [])
  assert.deepEqual(rangesOf({ ...pieces, states: new Uint8Array(0) }, [0, 0], BAD), [])
})
