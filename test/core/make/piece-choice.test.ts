import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  measureTorrent,
  planTorrent,
  type MakeRequest,
} from '../../../src/core/make/make-torrent.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { makeRequest } from '../requests.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

async function plan(t: TestContext, size: number, rules: Partial<MakeRequest>) {
  const source = plantSparse(makeScratch(t), 'a.iso', size)
  return planTorrent(makeRequest(source, { pieceLength: 'auto', ...rules }))
}

for (const [size, targetPieces, pieceLength, pieceCount] of [
  [GIB, 1000, 2 * MIB, 512],
  [GIB, 1024, MIB, 1024],
  [GIB + 1, 1024, 2 * MIB, 513],
  [GIB, 1e6, 16 * KIB, 65536],
  [5, 1, 16 * KIB, 1],
  [3 * GIB, 1, GIB, 3],
] as const) {
  test(`${size} bytes in at most ${targetPieces} pieces are ${pieceCount}`, async (t) => {
    const { content, pieces } = await plan(t, size, { targetPieces })
    assert.deepEqual([content.pieceLength, content.pieceCount], [pieceLength, pieceCount])
    const reached = { kind: 'by count', targetPieces }
    const missed = { kind: 'fewest', pieceCount }
    assert.deepEqual(pieces.reason, pieceCount > targetPieces ? missed : reached)
  })
}

test('pad files count for the size of the torrent', async (t) => {
  const root = makeScratch(t)
  for (let i = 0; i < 100; i++) plantSparse(root, `file-${i}`, 20_000)
  const rules = { pieceLength: 'auto' as const, isAligned: true, maxTorrentSize: 11_200 }
  const aligned = await planTorrent(makeRequest(root, rules))
  assert.ok(measureTorrent(aligned) <= 11_200)
  assert.equal(aligned.content.pieceLength, 32 * KIB)
})

test('single pieces of v2 need no room in the torrent', async (t) => {
  const root = makeScratch(t)
  for (let i = 0; i < 10; i++) plantSparse(root, `${i}`, 16_000)
  const rules = { version: 'v2' as const, pieceLength: 'auto' as const, maxTorrentSize: 1000 }
  const small = await planTorrent(makeRequest(root, rules))
  assert.equal(small.content.pieceLength, 16 * KIB)
  const many = await plan(t, 10 * MIB, { ...rules, maxTorrentSize: 2000 })
  assert.ok(measureTorrent(many) <= 2000)
})

test('where there are more files than there may be pieces, these are as short as they can be', async (t) => {
  const root = makeScratch(t)
  for (let i = 0; i < 5; i++) plantSparse(root, `${i}`, 40_000 + i)
  const rules = { version: 'v2' as const, pieceLength: 'auto' as const, targetPieces: 3 }
  const { content, pieces } = await planTorrent(makeRequest(root, rules))
  assert.deepEqual([content.pieceLength, content.pieceCount], [64 * KIB, 5])
  assert.deepEqual(pieces.reason, { kind: 'fewest', pieceCount: 5 })
})
