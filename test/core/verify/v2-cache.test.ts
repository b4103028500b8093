import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { utimesSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/disk/cache/open.js'
import type { CacheTrust } from '../../../src/disk/cache/trust.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../../src/metainfo/bencode/read.js'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { bencodable } from '../../support/torrents.js'
import { hashContext } from '../requests.js'
import { PIECE, placeOf, plantV2, statuses, type Release } from './release.js'

const FILES = [
  { path: 'a', size: 2.5 * PIECE },
  { path: 'b', size: 9 * PIECE },
  { path: 'c', size: 1 },
]

/** Files are old by this clock, so that the cache remembers them. */
const now = () => Date.now() + 10_000

async function openAccess(t: TestContext, trust: CacheTrust) {
  const cache = await openCache({ directory: makeScratch(t, {}), now, warn: assert.ifError })
  t.after(() => cache.close())
  return { cache, trust, now }
}

async function check({ torrent, directory }: Release, context = hashContext()) {
  const place = { torrent: 'x', path: directory, checkHashes: true, extra: false }
  return verifyTorrent(await planVerify({ metainfo: parseMetainfo(torrent), ...place }), context)
}

/** A hybrid whose first file, of one piece, is followed by a pad file as long as a piece. */
function withLongPad({ torrent, directory }: Release): Release {
  const top = readBencode(torrent, { maxSize: 1e6, maxDepth: 50 }).value as BencodeDict
  const info = top.get('info') as BencodeDict
  const [first, ...others] = info.get('files') as BencodeValue[]
  const pad = bencodable({ attr: 'p', length: PIECE, path: ['.pad', '1'] })
  info.set('files', [first!, pad, ...others])
  const pieces = info.get('pieces') as Uint8Array
  const ofZeros = createHash('sha1').update(Buffer.alloc(PIECE)).digest()
  info.set('pieces', Buffer.concat([pieces.subarray(0, 20), ofZeros, pieces.subarray(20)]))
  return { torrent: encodeBencode(top), directory }
}

test('a hybrid with a gap between files makes the cache believe nothing wrong', async (t) => {
  const files = [
    { path: 'a', size: PIECE },
    { path: 'b', size: PIECE },
    { path: 'c', size: PIECE },
  ]
  const release = plantV2(t, files, { version: 'hybrid', pieceLength: PIECE })
  const withCache = { ...hashContext(), cacheAccess: await openAccess(t, 'full') }
  for (const torrent of [withLongPad(release), release, withLongPad(release)]) {
    assert.equal((await check(torrent, withCache)).ok, true)
    await withCache.cacheAccess.cache.flush()
  }
})

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: with a cache, what was read once is not read again`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: 4 * PIECE })
    const cacheAccess = await openAccess(t, 'mtime')
    const withCache = { ...hashContext(), cacheAccess }
    const path = placeOf(release, 'b')
    utimesSync(path, 1000, 1000)
    assert.equal((await check(release, withCache)).ok, true)
    await cacheAccess.cache.flush()
    // The same size and time, so that only a read could tell
    writeFileSync(path, Buffer.alloc(9 * PIECE))
    utimesSync(path, 1000, 1000)
    assert.equal((await check(release, withCache)).ok, true)
    assert.equal((await check(release)).ok, false)
  })

  test(`${version}: what the cache knows of damaged files is that they are damaged`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: 4 * PIECE })
    writeFileSync(placeOf(release, 'b'), Buffer.alloc(9 * PIECE))
    const cacheAccess = await openAccess(t, 'full')
    const withCache = { ...hashContext(), cacheAccess }
    const first = await check(release, withCache)
    await cacheAccess.cache.flush()
    const second = await check(release, withCache)
    assert.deepEqual(statuses(first), { a: 'ok', b: 'damaged', c: 'ok' })
    assert.deepEqual(second, first)
  })

  test(`${version}: what changed since is read again, and no more`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: 4 * PIECE })
    const cacheAccess = await openAccess(t, 'full')
    const withCache = { ...hashContext(), cacheAccess }
    await check(release, withCache)
    await cacheAccess.cache.flush()
    writeFileSync(placeOf(release, 'a'), Buffer.alloc(2.5 * PIECE))
    const report = await check(release, withCache)
    assert.deepEqual(statuses(report), { a: 'damaged', b: 'ok', c: 'ok' })
  })
}
