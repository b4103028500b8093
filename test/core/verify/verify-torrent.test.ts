import assert from 'node:assert/strict'
import { appendFileSync, closeSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { bytesToRead, planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { failure } from '../../files/failure.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { goldenTorrent } from '../../support/torrents.js'
import {
  PIECE,
  placeOf,
  plantRelease,
  plantSingle,
  statuses,
  verify,
  type ReleaseFile,
} from './release.js'
import { hashContext } from '../requests.js'

/** Four pieces: `a` fills the first and half the second, `b` the rest. */
const FILES: ReleaseFile[] = [
  { path: 'a', size: 1.5 * PIECE },
  { path: 'deep/b', size: 2.25 * PIECE },
  { path: 'empty', size: 0 },
]

function flip(path: string, offset: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, '\0\0\0\0', offset)
  closeSync(file)
}

test('content as it was published is whole', async (t) => {
  const report = await verify(plantRelease(t, FILES))
  assert.equal(report.ok, true)
  assert.deepEqual([report.pieces, report.badPieces], [4, 0])
  assert.deepEqual(statuses(report), { a: 'ok', 'deep/b': 'ok', empty: 'ok' })
})

test('a single file is whole as well', async (t) => {
  const report = await verify(plantSingle(t, 3 * PIECE + 1))
  assert.deepEqual(statuses(report), { release: 'ok' })
})

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

test('a changed byte in a piece that files share is bad in all of them', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'a'), PIECE)
  const { badPieces, files } = await verify(release)
  assert.equal(badPieces, 1)
  assert.deepEqual(files[0]?.ranges, [[PIECE, 1.5 * PIECE]])
  assert.deepEqual(files[1]?.ranges, [[0, 0.5 * PIECE]])
})

test('a missing file takes the pieces that it shares with it', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, 'a'))
  const report = await verify(release)
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'damaged', empty: 'ok' })
  assert.equal(report.badPieces, 2)
  assert.deepEqual(report.files[0]?.ranges, [[0, 1.5 * PIECE]])
  assert.deepEqual(report.files[1]?.ranges, [[0, 0.5 * PIECE]])
})

test('a short file is read as far as it reaches', async (t) => {
  const release = plantRelease(t, FILES)
  truncateSync(placeOf(release, 'deep/b'), 1.75 * PIECE)
  const { badPieces, files } = await verify(release)
  assert.deepEqual([files[1]?.status, files[1]?.found, badPieces], ['short', 1.75 * PIECE, 1])
  assert.deepEqual(files[1]?.ranges, [[1.5 * PIECE, 2.25 * PIECE]])
})

test('a file that grew is long, though all its pieces are good', async (t) => {
  const release = plantRelease(t, FILES)
  appendFileSync(placeOf(release, 'a'), 'more')
  const { ok, badPieces, files } = await verify(release)
  assert.deepEqual([ok, badPieces], [false, 0])
  assert.deepEqual([files[0]?.status, files[0]?.ranges], ['long', []])
})

test('an empty file is looked for, and must be empty', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, 'empty'))
  const missing = await verify(release)
  assert.deepEqual([missing.ok, statuses(missing)['empty']], [false, 'missing'])
  plantFiles(release.directory, { 'release/empty': 'x' })
  const long = await verify(release)
  assert.deepEqual([long.ok, statuses(long)['empty']], [false, 'long'])
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

test('with nothing there, nothing is read', async (t) => {
  const release = plantRelease(t, FILES)
  rmSync(placeOf(release, ''), { recursive: true })
  const report = await verify(release)
  assert.deepEqual([report.ok, report.badPieces], [false, 4])
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'missing', empty: 'missing' })
})

test('by sizes alone no byte is read, and neighbours of a missing file are not blamed', async (t) => {
  const release = plantRelease(t, FILES)
  flip(placeOf(release, 'deep/b'), 0)
  assert.equal((await verify(release, { checkHashes: false })).ok, true)
  rmSync(placeOf(release, 'a'))
  const report = await verify(release, { checkHashes: false })
  assert.deepEqual(statuses(report), { a: 'missing', 'deep/b': 'ok', empty: 'ok' })
  assert.deepEqual([report.ok, report.files[1]?.ranges], [false, []])
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

test('extra files are named, and do not make content less whole', async (t) => {
  const release = plantRelease(t, FILES)
  plantFiles(release.directory, { 'release/deep/.new': '12345', 'release.nfo': '' })
  const { ok, files } = await verify(release, { extra: true })
  assert.equal(ok, true)
  assert.equal(files.length, 4)
  const { path, length, status } = files[3]!
  assert.deepEqual([path, length, status], [['deep', '.new'], 5, 'extra'])
})

for (const change of [
  rmSync,
  (path: string) => {
    appendFileSync(path, '')
    truncateSync(path, 1)
  },
]) {
  test(`a file that changes between the look and the read is an error`, async (t) => {
    const release = plantRelease(t, FILES)
    const path = placeOf(release, 'a')
    const plan = await planVerify({
      metainfo: parseMetainfo(release.torrent),
      torrent: 'release.torrent',
      path: release.directory,
      checkHashes: true,
      extra: false,
    })
    change(path)
    await assert.rejects(verifyTorrent(plan, hashContext()), (error: Error) =>
      error.message.startsWith(path),
    )
  })
}

test('a torrent of version 2 alone is refused', async (t) => {
  await assert.rejects(
    verify({ directory: makeScratch(t), torrent: goldenTorrent('v2-single.torrent') }),
    failure('metainfo', "release.torrent: v2-only torrents can't be verified yet"),
  )
})
