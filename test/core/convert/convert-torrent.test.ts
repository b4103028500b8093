import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { convertTorrent } from '../../../src/core/convert/convert-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { makeScratch } from '../../support/scratch.js'
import { torrentOf } from '../../support/torrents.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext } from '../requests.js'

type Request = Parameters<typeof convertTorrent>[0]

const [V2, HYBRID] = [goldenTorrent('v2'), goldenTorrent('hybrid')]

/** Converts the torrent of some files into a hybrid, unless `changes` say otherwise. */
async function convert(
  path: string,
  changes: Partial<Request> = {},
  onRead: (total: number | null) => void = () => undefined,
) {
  const request: Request = {
    torrent: null,
    path,
    store: null,
    pieceLength: pieceLengthOf(14),
    read: () => V2,
    version: 'hybrid',
    ...changes,
  }
  const { conversion } = await convertTorrent(request, (total, work) => {
    onRead(total)
    return work(hashContext())
  })
  return conversion
}

test('a v2 torrent of libtorrent becomes its hybrid, and that becomes the v2 torrent', async (t) => {
  const path = makeScratch(t, { ...FILES, 'a/extra': 'of no torrent' })
  for (const [from, to] of [
    [V2, HYBRID],
    [HYBRID, V2],
  ] as const) {
    const totals: (number | null)[] = []
    const request = { read: () => from, version: to.version }
    const { after } = await convert(path, request, (total) => totals.push(total))
    assert.deepEqual(totals, [from.size + HYBRID.size])
    assert.equal(after?.infoHash, to.infoHash)
    if (to === V2) assert.equal(after.infoHashV2, V2.infoHashV2)
  }
})

test('files that links outside the content lead to are converted only on request', async (t) => {
  const path = makeScratch(t, FILES)
  const outside = join(makeScratch(t), 'exact.bin')
  renameSync(join(path, 'b/exact.bin'), outside)
  symlinkSync(outside, join(path, 'b/exact.bin'))
  const { report } = await convert(path)
  assert.deepEqual(
    report?.problems.map(({ status }) => status),
    ['missing'],
  )
  assert.equal((await convert(path, { followSymlinks: true })).after?.infoHash, HYBRID.infoHash)
})

/** Pieces of a version 1 torrent, and those that its conversion has unless others are wanted. */
for (const [old, version, kept] of [
  [40_000, 'v2', 32_768],
  [40_000, 'hybrid', 32_768],
  [16_384, 'v2', 16_384],
] as const) {
  test(`pieces of ${old} bytes become those of ${kept} in a ${version} torrent`, async (t) => {
    const name = 'large.bin'
    const bytes = FILES['a/large.bin'] ?? Buffer.alloc(0)
    const starts = [0, 1, 2].map((n) => n * old).filter((at) => at < bytes.length)
    const pieces = starts.map((at) => bytes.subarray(at, at + old))
    const digests = pieces.map((piece) => createHash('sha1').update(piece).digest())
    const info = { name, length: bytes.length, 'piece length': old, pieces: Buffer.concat(digests) }
    const read = () => parseMetainfo(torrentOf(info))
    const path = makeScratch(t, { [name]: bytes })
    const { after } = await convert(path, { read, version, pieceLength: null })
    assert.equal(after?.pieceLength, kept)
  })
}

/** A torrent that is the original, and where its conversion goes. */
function plantOriginal(t: TestContext, target = 'x.torrent') {
  const place = makeScratch(t, { 'x.torrent': V2.bytes, 'y.txt': 'no torrent', ...FILES })
  const at = (name: string) => join(place, name)
  return { at, store: { target: at(target), force: true, original: at('x.torrent') } }
}

test('an original that is edited while its content is read stays as it is', async (t) => {
  const { at, store } = plantOriginal(t)
  const edit = () => {
    writeFileSync(at('x.torrent'), 'edited')
  }
  await assert.rejects(convert(at('.'), { store }, edit), { code: 'changed' })
  assert.equal(readFileSync(at('x.torrent'), 'utf8'), 'edited')
})

for (const [what, target, changes] of [
  ['the place of another file', 'y.txt', {}],
  ['the place of the original', 'x.torrent', {}],
  ['a directory that is not there', 'gone/x.torrent', {}],
  ['the version that it has', 'z.torrent', { version: 'v2' }],
] as const) {
  test(`a conversion into ${what} is refused before anything is read`, async (t) => {
    const { at, store } = plantOriginal(t, target)
    const request = { store: { ...store, force: false }, ...changes }
    const refusal = { 'z.torrent': 'metainfo', 'gone/x.torrent': 'not-found' }[target as string]
    await assert.rejects(
      convert(at('.'), request, () => assert.fail('something is read')),
      { code: refusal ?? 'exists' },
    )
  })
}
