import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../../src/metainfo/bencode/read.js'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { referenceDigests } from '../../support/reference-digests.js'
import {
  flip,
  placeOf,
  plantV2,
  statuses,
  verify,
  type Release,
  type ReleaseFile,
} from './release.js'

const KIB = 1024
const BLOCK = 16 * KIB
const PIECE = 64 * KIB

/** Sizes around blocks and pieces; `b/large` fills four pieces, the last in part. */
const FILES: ReleaseFile[] = [
  { path: 'a', size: 1 },
  { path: 'b/large', size: 3.5 * PIECE + 7 },
  { path: 'b/piece', size: PIECE },
  { path: 'c', size: 3 * BLOCK + 1 },
  { path: 'empty', size: 0 },
  { path: 'z', size: PIECE + 1 },
]

const VERSIONS = ['v2', 'hybrid'] as const

/** The torrent of a release after an edit of its top-level dictionary or its `info`. */
function withEdit(release: Release, edit: (top: BencodeDict, info: BencodeDict) => void): Release {
  const limits = { maxSize: 1024 * KIB, maxDepth: 100 }
  const top = readBencode(release.torrent, limits).value as BencodeDict
  edit(top, top.get('info') as BencodeDict)
  return { ...release, torrent: encodeBencode(top) }
}

for (const version of VERSIONS) {
  for (const pieceLength of [BLOCK, 2 * BLOCK, PIECE, 1024 * KIB]) {
    test(`${version} content as it was published is whole, pieces of ${pieceLength}`, async (t) => {
      const report = await verify(plantV2(t, FILES, { version, pieceLength }))
      assert.equal(report.ok, true)
      assert.deepEqual([report.badPieces, report.uncheckedPieces], [0, 0])
      assert.equal(report.disagreeingPieces, 0)
      assert.deepEqual(new Set(Object.values(statuses(report))), new Set(['ok']))
      const sizes = FILES.map(({ size }) => Math.ceil(size / pieceLength))
      assert.equal(
        report.pieces,
        sizes.reduce((sum, count) => sum + count),
      )
    })
  }

  test(`${version}: with pieces of 16 KiB the bad blocks are told`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: BLOCK })
    flip(placeOf(release, 'b/large'), 5 * BLOCK + 1)
    flip(placeOf(release, 'b/large'), 6 * BLOCK)
    flip(placeOf(release, 'b/large'), 3.5 * PIECE + 1)
    const { ok, badPieces, disagreeingPieces, files } = await verify(release)
    assert.deepEqual([ok, badPieces, disagreeingPieces], [false, 3, 0])
    const bad = [
      [5 * BLOCK, 7 * BLOCK],
      [14 * BLOCK, 3.5 * PIECE + 7],
    ]
    assert.deepEqual(files[1]?.ranges, bad)
    assert.deepEqual(files[1].blockRanges, bad)
    assert.deepEqual(files[0]?.blockRanges, [])
    assert.deepEqual(
      files.map(({ status }) => status),
      ['ok', 'damaged', 'ok', 'ok', 'ok', 'ok'],
    )
  })

  test(`${version}: a bad piece is of one file alone, and no other is suspect`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: PIECE })
    for (const path of ['a', 'c', 'b/piece']) flip(placeOf(release, path), 0)
    flip(placeOf(release, 'z'), PIECE)
    const { badPieces, files } = await verify(release)
    assert.equal(badPieces, 4)
    assert.deepEqual(
      files.map(({ status, ranges }) => [status, ranges]),
      [
        ['damaged', [[0, 1]]],
        ['ok', []],
        ['damaged', [[0, PIECE]]],
        ['damaged', [[0, 3 * BLOCK + 1]]],
        ['ok', []],
        ['damaged', [[PIECE, PIECE + 1]]],
      ],
    )
  })

  test(`${version}: files that are missing, short or long are told, the rest is checked`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: PIECE })
    rmSync(placeOf(release, 'a'))
    truncateSync(placeOf(release, 'b/large'), 1.5 * PIECE)
    appendFileSync(placeOf(release, 'b/piece'), 'more')
    const report = await verify(release)
    assert.deepEqual(statuses(report), {
      a: 'missing',
      'b/large': 'short',
      'b/piece': 'long',
      c: 'ok',
      empty: 'ok',
      z: 'ok',
    })
    assert.deepEqual([report.badPieces, report.uncheckedPieces], [0, 4])
    assert.deepEqual(report.files[1]?.unchecked, [[PIECE, 3.5 * PIECE + 7]])
  })

  test(`${version}: by sizes alone nothing is read`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: PIECE })
    flip(placeOf(release, 'c'), 0)
    const whole = await verify(release, { checkHashes: false })
    assert.deepEqual([whole.ok, whole.uncheckedPieces], [true, whole.pieces])
    rmSync(placeOf(release, 'c'))
    const { files } = await verify(release, { checkHashes: false })
    assert.equal(files[3]?.status, 'missing')
    assert.equal(files[3].blockRanges, null)
  })
}

test('of a hybrid with wrong layers version 1 is checked, and version 2 refused', async (t) => {
  const release = plantV2(t, FILES, { version: 'hybrid', pieceLength: PIECE })
  const forged = withEdit(release, (top) => {
    const layers = top.get('piece layers') as BencodeDict
    for (const [root, layer] of layers) {
      layers.set(root, new Uint8Array((layer as Uint8Array).length))
    }
  })
  const whole = await verify(forged)
  assert.deepEqual([whole.ok, whole.badPieces, whole.uncheckedPieces], [false, 0, 0])
  assert.equal(whole.v2Refusal, 'piece layers of "b/large": does not match the pieces root')
  flip(placeOf(release, 'z'), 0)
  const { badPieces, files } = await verify(forged)
  assert.deepEqual([badPieces, files[5]?.status, files[5]?.blockRanges], [1, 'damaged', null])
})

test('a hybrid whose files begin inside pieces is checked by version 1 alone', async (t) => {
  const release = plantV2(t, [FILES[0]!, FILES[2]!], { version: 'hybrid', pieceLength: PIECE })
  const unaligned = withEdit(release, (_, info) => {
    const [a, , piece] = info.get('files') as BencodeDict[]
    info.set('files', [a!, piece!])
  })
  const { v2Refusal } = await verify(unaligned)
  assert.equal(v2Refusal, 'path "b/piece" begins inside a piece of version 1')
})

test('a hybrid whose versions describe different bytes is told of', async (t) => {
  const release = plantV2(t, FILES, { version: 'hybrid', pieceLength: PIECE })
  const forged = withEdit(release, (_, info) => {
    const pieces = info.get('pieces') as Uint8Array
    const wrong = Uint8Array.from(pieces)
    // The second piece of b/large, behind the one of a
    wrong.fill(0, 2 * 20, 3 * 20)
    info.set('pieces', wrong)
  })
  const report = await verify(forged)
  assert.deepEqual([report.ok, report.badPieces, report.disagreeingPieces], [false, 1, 1])
  const [, large, other] = report.files
  assert.deepEqual([large?.status, large?.disagreed], ['damaged', [[PIECE, 2 * PIECE]]])
  assert.deepEqual([large?.blockRanges, other?.disagreed], [[], []])
  flip(placeOf(release, 'b/large'), PIECE)
  const bad = await verify(forged)
  assert.deepEqual([bad.badPieces, bad.disagreeingPieces], [1, 0], 'bad by both')
})

test('a hybrid may have padding behind its last file', async (t) => {
  const release = plantV2(t, [{ path: 'a', size: PIECE + 5 }], {
    version: 'hybrid',
    pieceLength: PIECE,
  })
  const padded = withEdit(release, (_, info) => {
    const files = info.get('files') as BencodeDict[]
    const length = PIECE - 5
    const path = [Buffer.from('.pad'), Buffer.from(String(length))]
    info.set('files', [
      ...files,
      new Map<string, BencodeValue>([
        ['attr', Buffer.from('p')],
        ['length', length],
        ['path', path],
      ]),
    ])
    const content = readFileSync(placeOf(release, 'a'))
    info.set('pieces', referenceDigests([content, Buffer.alloc(length)], PIECE))
  })
  assert.equal((await verify(padded)).ok, true)
  flip(placeOf(release, 'a'), PIECE)
  const { badPieces, disagreeingPieces } = await verify(padded)
  assert.deepEqual([badPieces, disagreeingPieces], [1, 0])
})
