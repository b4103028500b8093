import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import { finish } from '../../../src/core/digests/steps.js'
import { KnownSets, type SetLimits } from '../../../src/mirror/pkgtorrent/known-sets.js'
import { digestOfSet } from '../../../src/mirror/pkgtorrent/set.js'
import { makeScratch } from '../../support/scratch.js'

const PLENTY: SetLimits = { count: 1000, bytes: 1e9, bytesPerMinute: 1e9 }
const MINUTE = 60_000

/** A cache, and sets in it whose limits and clock are the test's own. */
async function open(t: TestContext) {
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const clock = { now: 0 }
  const openSets = async (limits: Partial<SetLimits> = {}) => {
    await cache.flush()
    const sets = new KnownSets({
      cache,
      limits: { ...PLENTY, ...limits },
      monotonic: () => clock.now,
    })
    finish(sets.load())
    return sets
  }
  return { cache, clock, openSets }
}

/** A set of that name, and its digest. */
function setOf(name: string, length = 10) {
  const set = { isSingle: false, paths: [`/yum/${name}`.padEnd(length, 'x')] }
  return { set, digest: digestOfSet(set) }
}

function note(sets: KnownSets, name: string, length?: number): void {
  const { set, digest } = setOf(name, length)
  sets.note(digest, set)
}

/** Which of some sets are known to a service that starts now. */
async function kept(
  openSets: () => Promise<KnownSets>,
  names: readonly string[],
): Promise<string[]> {
  const sets = await openSets()
  return names.filter((name) => sets.get(setOf(name).digest) !== null)
}

test('a set is known from now on, before and after a restart', async (t) => {
  const { openSets } = await open(t)
  const { set, digest } = setOf('a')
  const sets = await openSets()
  assert.equal(sets.get(digest), null)
  sets.note(digest, set)
  assert.deepEqual(sets.get(digest), set)
  assert.deepEqual((await openSets()).get(digest), set)
})

test('a form says what a digest stands for; a path only where no form did', async (t) => {
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

test('sets are bounded in number, and the oldest leaves first', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ count: 3 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) note(sets, name)
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e']), ['c', 'd', 'e'])
})

test('sets are bounded in bytes', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ bytes: 10_000 })
  for (let i = 0; i < 100; i++) note(sets, `long ${i}`, 2000)
  note(sets, 'short')
  assert.deepEqual(await kept(openSets, ['short']), ['short'])
  const names = Array.from({ length: 100 }, (_, i) => `long ${i}`)
  const later = await openSets()
  assert.equal(names.filter((name) => later.get(setOf(name, 2000).digest)).length, 4)
})

test('what was of use only once leaves before what was of use again', async (t) => {
  const { openSets } = await open(t)
  const sets = await openSets({ count: 3 })
  for (const name of ['a', 'b', 'c']) note(sets, name)
  note(sets, 'a')
  for (const name of ['d', 'e', 'f']) note(sets, name)
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e', 'f']), ['a', 'e', 'f'])
})

test('what was asked for by its digest after a restart was of use again', async (t) => {
  const { openSets } = await open(t)
  const first = await openSets()
  for (const name of ['a', 'b', 'c']) note(first, name)
  const second = await openSets({ count: 3 })
  assert.ok(second.get(setOf('b').digest))
  for (const name of ['d', 'e', 'f']) note(second, name)
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e', 'f']), ['b', 'e', 'f'])
})

test('sets that were there before are bounded as well', async (t) => {
  const { openSets } = await open(t)
  const first = await openSets()
  for (let i = 0; i < 20; i++) note(first, `old ${i}`)
  await openSets({ count: 5 })
  const names = Array.from({ length: 20 }, (_, i) => `old ${i}`)
  assert.equal((await kept(openSets, names)).length, 5)
})

test('new sets come into the cache only so fast, and are known in memory nevertheless', async (t) => {
  const { openSets, clock } = await open(t)
  const sets = await openSets({ bytesPerMinute: 10_000 })
  const names = Array.from({ length: 100 }, (_, i) => `set ${i}`)
  for (const name of names) note(sets, name, 1000)
  const count = async () => {
    const later = await openSets()
    return names.filter((name) => later.get(setOf(name, 1000).digest)).length
  }
  const atOnce = await count()
  assert.ok(atOnce >= 15 && atOnce <= 20, String(atOnce))
  assert.ok(names.every((name) => sets.get(setOf(name, 1000).digest)))
  clock.now = MINUTE
  const more = Array.from({ length: 100 }, (_, i) => `more ${i}`)
  for (const name of more) note(sets, name, 1000)
  const later = await openSets()
  const added = more.filter((name) => later.get(setOf(name, 1000).digest)).length
  assert.ok(added >= 8 && added <= 10, String(added))
})

test('digests of files do not leave for sets', async (t) => {
  const { cache, openSets } = await open(t)
  const key = { path: '/srv/a', pieceLength: 1024, phase: 0, size: 1024 }
  const record = {
    fingerprint: new Uint8Array(40),
    pieces: new Uint8Array(20),
    tail: null,
    paddedTail: null,
  }
  cache.rememberFile(key, record)
  const sets = await openSets({ count: 1 })
  for (let i = 0; i < 50; i++) note(sets, `set ${i}`)
  await cache.flush()
  assert.ok(cache.file(key))
})
