import assert from 'node:assert/strict'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { summarize } from '../../../src/disk/cache/maintain.js'
import { openCache } from '../../../src/disk/cache/open.js'
import type { CacheTrust } from '../../../src/disk/cache/trust.js'
import { planTorrent } from '../../../src/core/make/make-torrent.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext, makeRequest, makeTorrent } from '../requests.js'

const COUNT = 400
const KINDS = {
  v2: { version: 'v2' },
  hybrid: { version: 'hybrid' },
  'a torrent with pad files': { version: 'v1', isAligned: true },
} as const

type Kind = (typeof KINDS)[keyof typeof KINDS]

const nameOf = (i: number) => `file ${String(i).padStart(4, '0')}`

/**
 * Plants small files in one directory, and opens a cache. The clock is so late that all files are
 * old.
 */
async function open(t: TestContext, kind: Kind) {
  const names = Array.from({ length: COUNT }, (_, i) => [`d/${nameOf(i)}`, `content ${i}`] as const)
  const root = makeScratch(t, {
    ...Object.fromEntries(names),
    'd/é': '',
    'd/large': 'x'.repeat(99_999),
  })
  const directory = join(root, 'cache')
  const later = Date.now() + 10_000
  const cache = await openCache({ directory, now: () => later, warn: assert.ifError })
  t.after(() => cache.close())
  const make = async (trust: CacheTrust | 'nothing' = 'full', pow2 = 15) => {
    const context = hashContext()
    const cacheAccess =
      trust === 'nothing' ? context.cacheAccess : { cache, trust, now: () => later }
    // Another source tag each time, so that no info is known
    const request = makeRequest(join(root, 'd'), { ...kind, pieceLength: pieceLengthOf(pow2) })
    const plan = await planTorrent(request)
    const made = await makeTorrent(plan, { ...context, cacheAccess })
    await cache.flush()
    for (const { key } of [...cache.store.entries('i')]) cache.store.remove(key)
    await cache.flush()
    return { bytesHashed: made.bytesHashed, torrent: Buffer.concat(made.parts) }
  }
  return { root, at: (name: string) => join(root, 'd', name), cache, directory, make, later }
}

for (const [what, kind] of Object.entries(KINDS)) {
  test(`${what}: of very many files, those of a block have no records, and are read when one changes`, async (t) => {
    const { make, cache, at } = await open(t, kind)
    const first = await make()
    const { counts } = await summarize(cache.store)
    assert.ok(counts.file + counts.tree <= 3, `${counts.file} and ${counts.tree}`)
    writeFileSync(at(nameOf(7)), 'other')
    rmSync(at(nameOf(200)))
    const changed = await make()
    assert.ok(changed.bytesHashed < first.bytesHashed - 99_999, 'the large file is known')
    assert.deepEqual(changed.torrent, (await make('nothing')).torrent)
  })

  test(`${what}: a listener sees a record of each file, and they are used`, async (t) => {
    const { make, cache } = await open(t, kind)
    cache.onFile = () => undefined
    await make()
    assert.equal((await make()).bytesHashed, 0)
  })
}

test('a digest that a record has by size and time is not confirmed by another reading', async (t) => {
  const { make, at, cache } = await open(t, KINDS['a torrent with pad files'])
  cache.onFile = () => undefined
  await make()
  chmodSync(at(nameOf(7)), 0o600)
  assert.equal((await make('mtime')).bytesHashed, 0)
  writeFileSync(at(nameOf(8)), 'CONTENT 8')
  assert.equal((await make('mtime')).bytesHashed, 'CONTENT 8'.length)
  assert.equal((await make('full')).bytesHashed, 'content 7'.length)
})

test('of long pieces that are filled with zeros only those are hashed again that changed', async (t) => {
  const { make, at } = await open(t, KINDS.hybrid)
  await make('full', 17)
  writeFileSync(at(nameOf(7)), 'other')
  assert.equal((await make('full', 17)).bytesHashed, 'other'.length)
})
