import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  markedRanges,
  markPieces,
  RangeCutter,
  type Interval,
} from '../../../src/core/verify/ranges.js'

function marksOf(range: Interval): string {
  const marks = new Uint8Array(5)
  markPieces(marks, range, 10)
  return marks.join('')
}

test('every piece that a range touches is marked', () => {
  assert.equal(marksOf([0, 10]), '10000')
  assert.equal(marksOf([9, 11]), '11000')
  assert.equal(marksOf([10, 20]), '01000')
  assert.equal(marksOf([15, 16]), '01000')
  assert.equal(marksOf([0, 45]), '11111')
})

test('an empty range marks nothing, even inside a piece', () => {
  assert.equal(marksOf([15, 15]), '00000')
})

test('adjoining pieces are one range, and the last piece may be short', () => {
  assert.deepEqual(markedRanges(Uint8Array.of(1, 1, 0, 1, 1), 10, 45), [
    [0, 20],
    [30, 45],
  ])
  assert.deepEqual(markedRanges(Uint8Array.of(0, 1, 0), 10, 30), [[10, 20]])
  assert.deepEqual(markedRanges(new Uint8Array(3), 10, 30), [])
  assert.deepEqual(markedRanges(new Uint8Array(0), 10, 0), [])
})

function cutAll(ranges: Interval[], lengths: number[]): Interval[][] {
  const cutter = new RangeCutter(ranges)
  return lengths.map((length) => cutter.cut(length))
}

test('a range over several files is a part of each', () => {
  assert.deepEqual(cutAll([[5, 25]], [10, 10, 10]), [[[5, 10]], [[0, 10]], [[0, 5]]])
})

test('several ranges in one file stay several', () => {
  const ranges: Interval[] = [
    [0, 1],
    [3, 4],
    [9, 12],
  ]
  const first = [
    [0, 1],
    [3, 4],
    [9, 10],
  ]
  assert.deepEqual(cutAll(ranges, [10, 5]), [first, [[0, 2]]])
})

test('ranges end where files end', () => {
  assert.deepEqual(cutAll([[0, 10]], [10, 10]), [[[0, 10]], []])
  assert.deepEqual(cutAll([[10, 20]], [10, 10]), [[], [[0, 10]]])
})

test('an empty file has no bad bytes, wherever it stands', () => {
  assert.deepEqual(cutAll([[0, 20]], [0, 10, 0, 10, 0]), [[], [[0, 10]], [], [[0, 10]], []])
})
