import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { summarize } from '../../../src/disk/cache/maintain.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { PieceCache } from '../../../src/disk/cache/piece-cache.js'
import type { Store } from '../../../src/disk/cache/store/store.js'
import { tidyCache } from '../../../src/core/cache/tidy.js'
import { encodeFingerprint, readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const DAY = 86_400_000
const NAMES = ['kept', 'changed', 'gone']
const INPUT = pseudoRandom(32)
const DIGEST = pseudoRandom(32, 1)

/** A cache that knows of some files, two of which are no longer what they were. */
async function open(t: TestContext) {
  const root = makeScratch(t, Object.fromEntries(NAMES.map((name) => [name, name])))
  let day = 1000
  const now = () => day * DAY
  const cache = await openCache({ directory: join(root, 'cache'), now, warn: assert.ifError })
  t.after(() => cache.close())
  const keyOf = (name: string) => {
    return { path: join(root, name), pieceLength: 16384, phase: 0, size: name.length }
  }
  for (const name of NAMES) {
    const fingerprint = encodeFingerprint(readFingerprint(join(root, name)))
    const digests = { pieces: new Uint8Array(0), tail: pseudoRandom(20), paddedTail: null }
    cache.put('file', keyOf(name), { fingerprint, ...digests })
    cache.put('tree', keyOf(name), { fingerprint, root: DIGEST, height: 0, nodes: DIGEST })
    cache.put(
      'digest',
      { algorithm: 'md5', path: join(root, name) },
      { fingerprint, digest: DIGEST },
    )
  }
  cache.put('info', INPUT, pseudoRandom(100))
  cache.put('piece', INPUT, pseudoRandom(20))
  await cache.flush()
  writeFileSync(join(root, 'changed'), 'otherwise')
  rmSync(join(root, 'gone'))
  let looks = 0
  const entries: Store['entries'] = (from) => {
    looks++
    return cache.store.entries(from)
  }
  const watched = new PieceCache({ ...cache.store, entries }, now)
  const tidy = async (to: number, maxSize: number | null = null) => {
    day = to
    await tidyCache({ cache: watched, trust: 'full', now }, maxSize)
    await cache.flush()
  }
  /** How often all records were looked at. */
  const countLooks = () => looks
  return {
    cache,
    tidy,
    countLooks,
    knows: (name: string) => cache.peek('file', keyOf(name)) !== null,
  }
}

test('digests of files that are what was hashed stay however long nothing uses them', async (t) => {
  const { cache, tidy, knows } = await open(t)
  for (let day = 1000; day < 2000; day += 7) await tidy(day)
  assert.deepEqual(NAMES.map(knows), [true, false, false])
  const { file, tree, digest } = (await summarize(cache.store)).counts
  assert.deepEqual([file, tree, digest], [1, 1, 1])
})

test('nothing leaves within a month, be its file gone: a disk may not be mounted', async (t) => {
  const { cache, tidy, knows } = await open(t)
  for (let day = 1000; day <= 1030; day++) await tidy(day)
  assert.deepEqual(NAMES.map(knows), [true, true, true])
  assert.equal((await summarize(cache.store)).counts.info, 1)
})

test('records are not looked at while none of them may leave', async (t) => {
  const { cache, tidy, countLooks } = await open(t)
  const looked: number[] = []
  for (let day = 1000; day < 1100; day += 7) {
    const before = countLooks()
    await tidy(day)
    if (countLooks() > before) looked.push(day)
  }
  assert.deepEqual(looked, [1007, 1042, 1084])
  assert.equal((await summarize(cache.store)).counts.file, 1)
})

test('a clock that was wrong keeps records from leaving no longer than it was', async (t) => {
  const { tidy, knows } = await open(t)
  for (const day of [1000, 9000, 9007, 1007, 1044]) await tidy(day)
  assert.equal(knows('gone'), false)
})

test('infos leave after a month, digests that files share after a year', async (t) => {
  const { cache, tidy } = await open(t)
  const left: string[] = []
  for (let day = 1000; day < 1450; day += 7) {
    await tidy(day)
    const { info, piece } = (await summarize(cache.store)).counts
    left.push(`${info} ${piece}`)
  }
  assert.deepEqual([...new Set(left)], ['1 1', '0 1', '0 0'])
  assert.equal(left.indexOf('0 1'), Math.ceil(37 / 7))
  assert.equal(left.indexOf('0 0'), Math.ceil(372 / 7))
})

test('a cache that is larger than it may be is made smaller, digests of files last', async (t) => {
  const { cache, tidy, knows } = await open(t)
  const { bytes } = await summarize(cache.store)
  await tidy(1000, bytes - 150)
  const { counts } = await summarize(cache.store)
  assert.deepEqual([counts.info, counts.piece, NAMES.map(knows)], [0, 0, [true, true, true]])
  await tidy(1000, 0)
  assert.deepEqual(NAMES.map(knows), [false, false, false])
})
