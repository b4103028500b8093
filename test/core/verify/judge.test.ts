import assert from 'node:assert/strict'
import { renameSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { openCache } from '../../../src/disk/cache/open.js'
import type { CacheAccess, ReadOnce } from '../../../src/core/digests/cache-access.js'
import { hashInGroups } from '../../../src/core/digests/hash-groups.js'
import { mergeTable } from '../../../src/core/digests/piece-table.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext } from '../requests.js'
import { PIECE, placeOf, plantRelease, statuses } from './release.js'

const FILES = [
  { path: 'a', size: 1.5 * PIECE },
  { path: 'b', size: 2 * PIECE },
]

/** Files that are old by this clock, so that the cache remembers them. */
const now = () => Date.now() + 10_000

test('what another process reads at the same moment is not read again', async (t) => {
  const release = plantRelease(t, FILES)
  const open = async () => {
    const cache = await openCache({ directory: makeScratch(t, {}), now, warn: assert.ifError })
    t.after(() => cache.close())
    return cache
  }
  const [own, other] = [await open(), await open()]
  const metainfo = parseMetainfo(release.torrent)
  const place = { torrent: 'x', path: release.directory, checkHashes: true, extra: false }
  const check = async (cacheAccess: CacheAccess) => {
    const plan = await planVerify({ metainfo, ...place })
    return (await verifyTorrent(plan, { ...hashContext(), cacheAccess })).ok
  }
  const path = placeOf(release, 'b')
  utimesSync(path, 1000, 1000)
  const access = { trust: 'mtime' as const, now }
  assert.equal(await check({ ...access, cache: other }), true)
  await other.flush()
  // The same size and time, so that only a read could tell
  writeFileSync(path, Buffer.alloc(2 * PIECE))
  utimesSync(path, 1000, 1000)
  const readOnce: ReadOnce = ({ content, table }, read) => {
    mergeTable(content, table, recallPieces(content, { ...access, cache: other }))
    return read(hashInGroups)
  }
  assert.equal(await check({ ...access, cache: own, reader: { readOnce } }), true)
})

test('a search for a renamed file leaves nothing wrong in the cache', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: 2.5 * PIECE },
    { path: 'b', size: 1.5 * PIECE },
  ])
  const cache = await openCache({ directory: makeScratch(t, {}), now, warn: assert.ifError })
  t.after(() => cache.close())
  const metainfo = parseMetainfo(release.torrent)
  const place = { metainfo, torrent: 'x', path: release.directory, checkHashes: true }
  const check = async () => {
    const plan = await planVerify({ ...place, extra: true })
    const report = await verifyTorrent(plan, {
      ...hashContext(),
      cacheAccess: { cache, trust: 'full', now },
    })
    await cache.flush()
    return statuses(report)
  }
  renameSync(placeOf(release, 'b'), placeOf(release, 'x'))
  assert.deepEqual(await check(), { a: 'unchecked', b: 'missing', x: 'extra' })
  renameSync(placeOf(release, 'x'), placeOf(release, 'b'))
  assert.deepEqual(await check(), { a: 'ok', b: 'ok' })
})
