import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { digestOfSet, KnownSets } from '../../../src/mirror/torrents/path-sets.js'

const PLENTY = { max: 1000, maxSize: 1e9 }

/** A cache and its sets, with limits of the test. */
async function open(t: TestContext) {
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const openSets = async (limits: Partial<typeof PLENTY> = {}) => {
    await cache.flush()
    return new KnownSets(cache, { ...PLENTY, ...limits })
  }
  return { cache, openSets }
}

/** A set with that name, and its digest. */
function setOf(name: string, length = 10) {
  const set = { isSingle: false, paths: [`/yum/${name}`.padEnd(length, 'x')] }
  return { set, digest: digestOfSet(set) }
}

function note(sets: KnownSets, name: string, length?: number): void {
  const { set, digest } = setOf(name, length)
  sets.note(digest, set)
}

/** The sets that a newly started service knows. */
async function kept(
  openSets: () => Promise<KnownSets>,
  names: readonly string[],
): Promise<string[]> {
  const sets = await openSets()
  return names.filter((name) => sets.get(setOf(name).digest) !== null)
}

test('a set is known at once, before and after a restart', async (t) => {
  const { openSets } = await open(t)
  const { set, digest } = setOf('a')
  const sets = await openSets()
  assert.equal(sets.get(digest), null)
  sets.note(digest, set)
  assert.deepEqual(sets.get(digest), set)
  assert.deepEqual((await openSets()).get(digest), set)
})

test('a form replaces a single path with the same digest, but not the reverse', async (t) => {
  const { openSets } = await open(t)
  const { set, digest } = setOf('a')
  const single = { ...set, isSingle: true }
  const sets = await openSets()
  sets.note(digest, single)
  assert.deepEqual(sets.get(digest), single)
  sets.note(digest, set)
  assert.deepEqual(sets.get(digest), set)
  sets.note(digest, single)
  assert.deepEqual(sets.get(digest), set)
  const later = await openSets()
  later.note(digest, single)
  assert.deepEqual((await openSets()).get(digest), set)
})

test('the number of sets is limited, and the oldest is removed first', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ max: 3 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) note(sets, name)
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e']), ['c', 'd', 'e'])
})

test('the bytes of sets are limited', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ maxSize: 10_000 })
  for (let i = 0; i < 100; i++) note(sets, `long ${i}`, 2000)
  note(sets, 'short')
  assert.deepEqual(await kept(openSets, ['short']), ['short'])
  const names = Array.from({ length: 100 }, (_, i) => `long ${i}`)
  const later = await openSets()
  assert.equal(names.filter((name) => later.get(setOf(name, 2000).digest)).length, 4)
})

test('a set that is used again stays longer, also after a restart', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ max: 3 })
  for (const name of ['a', 'b', 'c']) note(sets, name)
  note(sets, 'a')
  note(sets, 'd')
  assert.ok(sets.get(setOf('c').digest))
  note(sets, 'e')
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e']), ['c', 'd', 'e'])
})

test('sets from before a restart are limited, too', async (t) => {
  const { openSets } = await open(t)
  const first = await openSets()
  for (let i = 0; i < 20; i++) note(first, `old ${i}`)
  await openSets({ max: 5 })
  const names = Array.from({ length: 20 }, (_, i) => `old ${i}`)
  assert.equal((await kept(openSets, names)).length, 5)
})

test('digests of files are not removed for sets', async (t) => {
  const { cache, openSets } = await open(t)
  const key = { path: '/srv/a', pieceLength: 1024, phase: 0, size: 1024 }
  const record = {
    fingerprint: new Uint8Array(40),
    pieces: new Uint8Array(20),
    tail: null,
    paddedTail: null,
  }
  cache.put('file', key, record)
  const sets = await openSets({ max: 1 })
  for (let i = 0; i < 50; i++) note(sets, `set ${i}`)
  await cache.flush()
  assert.ok(cache.get('file', key))
})
