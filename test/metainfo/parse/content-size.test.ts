import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countPieces, totalLength } from '../../../src/metainfo/parse/v1-files.js'
import { assertRefused } from '../refusal.js'

function filesOf(...lengths: number[]) {
  return lengths.map((length) => ({ path: ['a'], length, padding: false, attr: '' }))
}

test('a last piece that is not full counts', () => {
  assert.deepEqual(
    [0, 1, 16384, 16385, 32768].map((length) => countPieces(length, 16384)),
    [0, 1, 1, 2, 2],
  )
})

test('pieces are counted exactly where a quotient would be rounded', () => {
  assert.equal(countPieces(2 ** 53 - 1, 2 ** 52), 2)
  assert.equal(countPieces(2 ** 53 - 1, 2), 2 ** 52)
  assert.equal(countPieces(2 ** 53 - 2, 2), 2 ** 52 - 1)
  assert.equal(countPieces(9007199254740991, 9007199254740990), 2)
})

test('lengths are added up to 2^53 - 1 and no further', () => {
  assert.equal(totalLength([]), 0)
  assert.equal(totalLength(filesOf(2 ** 53 - 2, 1)), 2 ** 53 - 1)
  assertRefused(
    () => totalLength(filesOf(2 ** 53 - 1, 1)),
    'metainfo',
    'info: the files are too large together',
  )
})
