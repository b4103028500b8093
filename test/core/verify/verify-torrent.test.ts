import assert from 'node:assert/strict'
import { appendFileSync, rmSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { bytesToRead, planVerify } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import {
  flip,
  PIECE,
  placeOf,
  plantRelease,
  statuses,
  verify,
  type ReleaseFile,
} from './release.js'

/** Four pieces: `a` fills the first and half the second, `b` the rest. */
const FILES: ReleaseFile[] = [
  { path: 'a', size: 1.5 * PIECE },
  { path: 'deep/b', size: 2.25 * PIECE },
  { path: 'empty', size: 0 },
]

test('a changed byte is in the range of its piece', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'deep/b'), PIECE)
  const { ok, badPieces, files } = await verify(release)
  assert.deepEqual([ok, badPieces], [false, 1])
  const said = files.map(({ status, ranges }) => [status, ranges])
  assert.deepEqual(said, [
    ['ok', []],
    ['damaged', [[0.5 * PIECE, 1.5 * PIECE]]],
    ['ok', []],
  ])
})

test('of files that share a bad piece, each is a suspect and none is damaged for certain', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'a'), PIECE)
  const report = await verify(release)
  const { ok, badPieces, uncheckedPieces, files } = report
  assert.deepEqual([ok, badPieces, uncheckedPieces], [false, 1, 0])
  assert.deepEqual(statuses(report), { a: 'suspect', 'deep/b': 'suspect', empty: 'ok' })
  assert.deepEqual(files[0]?.ranges, [[PIECE, 1.5 * PIECE]])
  assert.deepEqual(files[1]?.ranges, [[0, 0.5 * PIECE]])
})

test('a file that has a bad piece of its own as well is damaged, its neighbour a suspect', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'a'), 0)
  flip(placeOf(release, 'a'), PIECE)
  const report = await verify(release)
  assert.deepEqual(statuses(report), { a: 'damaged', 'deep/b': 'suspect', empty: 'ok' })
  assert.deepEqual(report.files[0]?.ranges, [[0, 1.5 * PIECE]])
})

test('a piece that is filled up by a pad file has no other file to suspect', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: 100 },
    { path: '.pad/1', size: PIECE - 100, attr: 'p' },
    { path: 'b', size: 100 },
  ])
  flip(placeOf(release, 'a'), 0)
  assert.deepEqual(statuses(await verify(release)), { a: 'damaged', b: 'ok' })
})

test('a good neighbour of a missing file is unchecked where they share a piece', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, 'a'))
  const report = await verify(release)
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'unchecked', empty: 'ok' })
  assert.deepEqual([report.badPieces, report.uncheckedPieces], [0, 2])
  const said = report.files.map(({ ranges, unchecked }) => [ranges, unchecked])
  assert.deepEqual(said.slice(0, 2), [
    [[], [[0, 1.5 * PIECE]]],
    [[], [[0, 0.5 * PIECE]]],
  ])
})

test('a damaged neighbour of a missing file is damaged', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, 'a'))
  flip(placeOf(release, 'deep/b'), PIECE)
  const report = await verify(release)
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'damaged', empty: 'ok' })
  assert.deepEqual(report.files[1]?.ranges, [[0.5 * PIECE, 1.5 * PIECE]])
})

test('a short file is read as far as it reaches', async (t) => {
  const release = plantRelease(t, FILES)
  truncateSync(placeOf(release, 'deep/b'), 1.75 * PIECE)
  const { badPieces, uncheckedPieces, files } = await verify(release)
  assert.deepEqual([files[1]?.status, files[1]?.found], ['short', 1.75 * PIECE])
  assert.deepEqual([badPieces, uncheckedPieces], [0, 1])
  assert.deepEqual(files[1]?.unchecked, [[1.5 * PIECE, 2.25 * PIECE]])
})

test('pad files are zeros that no disk has to hold', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: 100 },
    { path: '.pad/1', size: PIECE - 100, attr: 'p' },
    { path: 'b', size: 100 },
  ])
  const report = await verify(release)
  assert.equal(report.ok, true)
  assert.deepEqual(statuses(report), { a: 'ok', b: 'ok' })
  rmSync(placeOf(release, 'b'))
  assert.deepEqual(statuses(await verify(release)), { a: 'ok', b: 'missing' })
})

test('by sizes alone no byte is read, and neighbours of a missing file are not blamed', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'deep/b'), 0)
  assert.equal((await verify(release, { checkHashes: false })).ok, true)
  rmSync(placeOf(release, 'a'))
  const report = await verify(release, { checkHashes: false })
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'ok', empty: 'ok' })
  const { ok, badPieces, uncheckedPieces } = report
  assert.deepEqual([ok, badPieces, uncheckedPieces], [false, 0, 4])
  assert.deepEqual([report.files[0]?.unchecked, report.files[1]?.unchecked], [[], []])
})

test('the bytes to read are those of the pieces that are all there', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, 'a'))
  const request = {
    metainfo: parseMetainfo(release.torrent),
    torrent: 'release.torrent',
    path: release.directory,
    checkHashes: true,
    extra: false,
  }
  assert.equal(bytesToRead(await planVerify(request)), 1.75 * PIECE)
  assert.equal(bytesToRead(await planVerify({ ...request, checkHashes: false })), 0)
})

for (const [what, change, reason] of [
  ['disappears', rmSync, 'disappeared while it was read'],
  [
    'becomes shorter',
    (path: string) => {
      truncateSync(path, 1)
    },
    'changed while it was read',
  ],
  [
    'grows',
    (path: string) => {
      appendFileSync(path, 'more')
    },
    'changed while it was read',
  ],
] as const) {
  test(`of a file that ${what} between the look and the read nothing else is said`, async (t) => {
    const release = plantRelease(t, FILES)
    const report = await verify(release, {}, () => {
      change(placeOf(release, 'a'))
    })
    assert.deepEqual([report.ok, report.badPieces, report.uncheckedPieces], [false, 0, 2])
    assert.deepEqual(statuses(report), { a: 'changed', 'deep/b': 'unchecked', empty: 'ok' })
    assert.equal(report.files[0]?.reason, reason)
  })
}

test('a file of another size is long as long as it does not change', async (t) => {
  const release = plantRelease(t, FILES)
  const path = placeOf(release, 'deep/b')
  appendFileSync(path, 'more')
  assert.equal(statuses(await verify(release))['deep/b'], 'long')
  const report = await verify(release, {}, () => {
    appendFileSync(path, 'more')
  })
  assert.equal(statuses(report)['deep/b'], 'changed')
})
