import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countPieces,
  fileAt,
  concatenateFiles,
  streamLength,
  windowOf,
} from '../../../src/hash/stream/content-stream.js'

const PIECE = 16384

function streamOf(...lengths: number[]) {
  return concatenateFiles(
    lengths.map((length, i) => ({ path: `/f${i}`, length })),
    PIECE,
  )
}

test('a stream is as long as its files together', () => {
  assert.equal(streamLength(streamOf(1, 2, 3)), 6)
  assert.equal(streamLength(streamOf()), 0)
})

test('empty files are not part of the stream', () => {
  assert.deepEqual(streamOf(0, 1, 0, 0, 2, 0).paths, ['/f1', '/f4'])
})

for (const [length, pieces] of [
  [0, 0],
  [1, 1],
  [PIECE - 1, 1],
  [PIECE, 1],
  [PIECE + 1, 2],
  [2 * PIECE, 2],
] as const) {
  test(`${length} bytes in pieces of ${PIECE} are ${pieces}`, () => {
    assert.equal(countPieces(streamOf(length)), pieces)
  })
}

test('pieces run on from one file to the next', () => {
  assert.equal(countPieces(streamOf(PIECE - 1, 1, PIECE - 1, 1)), 2)
})

test('every position belongs to the file whose bytes are there', () => {
  const stream = streamOf(3, 0, 1, 2)
  const found = [0, 1, 2, 3, 4, 5].map((position) => stream.paths[fileAt(stream, position)])
  assert.deepEqual(found, ['/f0', '/f0', '/f0', '/f2', '/f3', '/f3'])
})

test('a position is found among a hundred thousand files', () => {
  const stream = streamOf(...Array.from({ length: 100_000 }, (_, i) => (i % 3) + 1))
  for (const file of [0, 1, 50_000, 99_999]) {
    const start = stream.offsets[file]!
    assert.equal(fileAt(stream, start), file)
    assert.equal(fileAt(stream, stream.offsets[file + 1]! - 1), file)
  }
})

test('positions beyond 2^32 are exact', () => {
  const stream = streamOf(2 ** 40 + 1, 5)
  assert.equal(fileAt(stream, 2 ** 40), 0)
  assert.equal(fileAt(stream, 2 ** 40 + 1), 1)
  assert.equal(countPieces(stream), 2 ** 26 + 1)
})

for (const { title, pieces, paths, offsets, piecesBefore } of [
  {
    title: 'inside',
    pieces: [3, 3],
    paths: ['', '/f1'],
    offsets: [0, 7232, 47_232],
    piecesBefore: 2,
  },
  {
    title: 'at the beginning',
    pieces: [0, 1],
    paths: ['/f0'],
    offsets: [0, 40_000],
    piecesBefore: 0,
  },
  {
    title: 'at the end',
    pieces: [4, 7],
    paths: ['', '/f1', '/f2'],
    offsets: [0, 7232, 47_232, 87_232],
    piecesBefore: 2,
  },
]) {
  test(`a window of pieces ${title} has their files at the same places`, () => {
    const [first = 0, last = 0] = pieces
    const window = windowOf(streamOf(40_000, 40_000, 40_000), first, last)
    assert.deepEqual(window.stream.paths, paths)
    assert.deepEqual([...window.stream.offsets], offsets)
    assert.equal(window.piecesBefore, piecesBefore)
  })
}

test('a window has the identities of its files', () => {
  const files = [1n, 2n, 3n].map((inode) => {
    return { path: `/f${inode}`, length: 40_000, identity: { device: 9n, inode } }
  })
  const { stream } = windowOf(concatenateFiles(files, PIECE), 3, 3)
  assert.deepEqual([...(stream.identities ?? [])], [0n, 0n, 9n, 2n])
})
