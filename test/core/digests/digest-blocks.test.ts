import assert from 'node:assert/strict'
import { chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { summarize } from '../../../src/disk/cache/maintain.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { packBlock, unpackBlock } from '../../../src/disk/cache/records/block.js'
import type { CacheTrust } from '../../../src/core/digests/cache-trust.js'
import { makeTorrent, planTorrent } from '../../../src/core/make/make-torrent.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext, makeRequest } from '../requests.js'

const COUNT = 1500
const KINDS = {
  v2: { version: 'v2' },
  hybrid: { version: 'hybrid' },
  'a torrent with pad files': { version: 'v1', isAligned: true },
} as const

type Kind = (typeof KINDS)[keyof typeof KINDS]

const nameOf = (i: number) => `file ${String(i).padStart(4, '0')}`

/** Plants small files in one directory, and opens a cache. The clock is so late that all files are old. */
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
  const make = async (trust: CacheTrust | 'nothing' = 'full') => {
    const context = hashContext()
    const cacheAccess =
      trust === 'nothing' ? context.cacheAccess : { cache, trust, now: () => later }
    // Another source tag each time, so that no info is known
    const request = makeRequest(join(root, 'd'), { ...kind, pieceLength: pieceLengthOf(15) })
    const plan = await planTorrent(request)
    const made = await makeTorrent(plan, { ...context, cacheAccess })
    await cache.flush()
    for (const { key } of [...cache.store.entries(Buffer.from('i'))]) {
      if (key[0] === 'i'.charCodeAt(0)) cache.store.remove(Uint8Array.from(key))
    }
    await cache.flush()
    return { bytesHashed: made.bytesHashed, torrent: Buffer.concat(made.parts) }
  }
  return { root, at: (name: string) => join(root, 'd', name), cache, directory, make, later }
}

for (const [what, kind] of Object.entries(KINDS)) {
  test(`${what}: digests of small files are few records, and know each file`, async (t) => {
    const { make, cache } = await open(t, kind)
    const first = await make()
    const { counts } = await summarize(cache.store)
    assert.ok(counts.block > 1 && counts.block < 40, `${counts.block} blocks`)
    assert.ok(counts.file + counts.tree <= 4, `${counts.file} and ${counts.tree} others`)
    const again = await make()
    assert.equal(again.bytesHashed, 0)
    assert.deepEqual(again.torrent, first.torrent)
    assert.deepEqual(again.torrent, (await make('nothing')).torrent)
  })

  test(`${what}: of a block only what changed is read`, async (t) => {
    const { make, at } = await open(t, kind)
    await make()
    writeFileSync(at(nameOf(7)), 'other')
    rmSync(at(nameOf(500)))
    renameSync(at(nameOf(900)), at('file 0900b'))
    const changed = await make()
    // A file that is renamed has another time of change
    assert.equal(changed.bytesHashed, 'other'.length + 'content 900'.length)
    assert.deepEqual(changed.torrent, (await make('nothing')).torrent)
    assert.equal((await make()).bytesHashed, 0)
    writeFileSync(at('added'), '1')
    const added = await make()
    assert.equal(added.bytesHashed, 1)
    assert.deepEqual(added.torrent, (await make('nothing')).torrent)
  })

  test(`${what}: records that each file has are used, too`, async (t) => {
    const { make, cache } = await open(t, kind)
    cache.onFile = () => undefined
    await make()
    cache.onFile = null
    const { counts } = await summarize(cache.store)
    assert.equal(counts.block, 0)
    assert.equal((await make()).bytesHashed, 0)
  })
}

test('a digest that is trusted by size and time stays one, whatever else of its block is read', async (t) => {
  const { make, at } = await open(t, KINDS.v2)
  await make()
  chmodSync(at(nameOf(7)), 0o600)
  writeFileSync(at(nameOf(8)), 'CONTENT 8')
  assert.equal((await make('mtime')).bytesHashed, 'CONTENT 8'.length)
  assert.equal((await make('full')).bytesHashed, 'content 7'.length)
})

test('a digest that a record of its file has by size and time is not confirmed by a block', async (t) => {
  const { make, at, cache } = await open(t, KINDS['a torrent with pad files'])
  cache.onFile = () => undefined
  await make()
  cache.onFile = null
  chmodSync(at(nameOf(7)), 0o600)
  assert.equal((await make('mtime')).bytesHashed, 0)
  writeFileSync(at(nameOf(8)), 'CONTENT 8')
  assert.equal((await make('mtime')).bytesHashed, 'CONTENT 8'.length)
  assert.equal((await make('full')).bytesHashed, 'content 7'.length)
})

test('what may have changed unnoticed is in no block', async (t) => {
  const { make, at, later } = await open(t, KINDS.v2)
  utimesSync(at(nameOf(3)), later / 1000, later / 1000)
  await make()
  assert.equal((await make('mtime')).bytesHashed, 'content 3'.length)
})

test('a record of another shape is no block', () => {
  const key = { of: 'roots', path: '/a' } as const
  const good = packBlock({
    names: Buffer.from('a\0b\0'),
    fingerprints: new Uint8Array(80),
    digests: new Uint8Array(64),
  })
  assert.equal(unpackBlock(good, key)?.digests.length, 64)
  for (let length = 0; length < good.length; length++)
    assert.equal(unpackBlock(good.slice(0, length), key), null, `${length} bytes`)
  assert.equal(unpackBlock(Buffer.concat([good, Buffer.from('c')]), key), null)
  assert.equal(unpackBlock(Buffer.concat([good, Buffer.of(0)]), key), null)
  const many = good.slice()
  many.fill(255, 0, 4)
  assert.equal(unpackBlock(many, key), null)
})
