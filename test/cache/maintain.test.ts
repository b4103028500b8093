import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { removeUnused, shrinkTo, summarize } from '../../src/cache/maintain.js'
import { openCache } from '../../src/cache/open.js'
import { dayOf } from '../../src/cache/records/record.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'

const DAY = 86_400_000

test('what was long unused is removed while records come in, and the rest stays', async (t) => {
  let now = 100 * DAY
  const cache = await openCache({
    directory: makeScratch(t),
    now: () => now,
    warn: assert.ifError,
  })
  t.after(() => cache.close())
  for (let i = 0; i < 5000; i++) cache.rememberInfo(pseudoRandom(32, i), pseudoRandom(50, i))
  await cache.flush()
  now += 40 * DAY
  const used = cache.info(pseudoRandom(32, 7))
  await cache.flush()
  const removing = removeUnused(cache.store, dayOf(now - 30 * DAY))
  for (let i = 5000; i < 6000; i++) cache.rememberInfo(pseudoRandom(32, i), pseudoRandom(50, i))
  assert.equal(await removing, 4999)
  await cache.flush()
  assert.equal((await summarize(cache.store)).counts.info, 1001)
  assert.deepEqual(cache.info(pseudoRandom(32, 7)), used)
})

/** A cache with records of each kind, used on two days. */
async function openMixed(t: TestContext) {
  let now = 100 * DAY
  const cache = await openCache({ directory: makeScratch(t), now: () => now, warn: assert.ifError })
  for (const day of [100, 120]) {
    now = day * DAY
    for (let i = 0; i < 10; i++) {
      const name = pseudoRandom(20, day * 100 + i)
      const key = { path: `/${day}/${i}`, pieceLength: 16384, phase: 0, size: 16384 }
      const ends = { tail: null, paddedTail: null }
      cache.rememberFile(key, { fingerprint: name, pieces: pseudoRandom(20, i), ...ends })
      cache.rememberPiece(name, pseudoRandom(20, i))
      cache.rememberInfo(name, pseudoRandom(1000, i))
      cache.rememberSet(name, { isSingle: true, paths: [`/${i}`] })
    }
  }
  await cache.flush()
  return cache
}

test('a cache that is small enough stays as it is', async (t) => {
  const cache = await openMixed(t)
  const before = await summarize(cache.store)
  assert.equal(await shrinkTo(cache.store, before.bytes), 0)
  await cache.close()
})

test('a cache that is too large loses sets, then infos, then shared pieces, the oldest first', async (t) => {
  const cache = await openMixed(t)
  const states: string[] = []
  for (let limit = (await summarize(cache.store)).bytes - 1; limit > 0; limit -= 300) {
    await shrinkTo(cache.store, limit)
    await cache.flush()
    const { counts, bytes, oldest } = await summarize(cache.store)
    assert.ok(bytes <= limit, `${bytes} of ${limit}`)
    states.push(`${counts.set} ${counts.info} ${counts.piece} ${counts.file} since ${oldest}`)
  }
  assert.ok(states.includes('0 20 20 20 since 100') || states.includes('0 19 20 20 since 100'))
  // Whatever is left of a kind, all of the kinds before it are gone
  for (const state of states) assert.match(state, /^(?:0 )*\d+ (?:20 )*since \d+$/)
  assert.match(states.at(-1)!, /^0 0 0 /)
  await cache.close()
})

test('of what may leave, what was used last stays longest', async (t) => {
  const cache = await openMixed(t)
  const { bytes } = await summarize(cache.store)
  await shrinkTo(cache.store, bytes - 5000)
  await cache.flush()
  assert.ok(cache.info(pseudoRandom(20, 12_003)))
  assert.equal((await summarize(cache.store)).counts.set, 0)
  await cache.close()
})
