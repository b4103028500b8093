import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removeUnused, summarize } from '../../src/cache/maintain.js'
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
  assert.equal(summarize(cache.store).counts.info, 1001)
  assert.deepEqual(cache.info(pseudoRandom(32, 7)), used)
})
