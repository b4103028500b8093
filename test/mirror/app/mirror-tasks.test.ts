import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openCache, removeCache } from '../../../src/disk/cache/open.js'
import { startMirrorTasks } from '../../../src/mirror/app/open-mirror.js'
import { fixedTrackers } from '../../../src/mirror/torrents/trackers.js'
import { longTest } from '../../support/long.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Periodic tasks with a clock and timers of the test, and the number of refreshed trackers. */
async function start(t: TestContext, refreshes: readonly (() => Promise<void>)[] = []) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 100 * DAY
  const directory = makeScratch(t)
  const cache = await openCache({ directory, now: () => now, warn: assert.ifError })
  t.after(() => cache.close())
  cache.put('info', INPUT, pseudoRandom(10))
  await cache.flush()
  let looks = 0
  const warnings: string[] = []
  const errors: unknown[] = []
  const refresh = async () => refreshes[looks++]?.()
  const stop = startMirrorTasks({
    trackers: { ...fixedTrackers([]), refresh },
    cacheAccess: { cache, trust: 'full', now: () => now },
    cacheDirectory: '/var/cache/btkit',
    warn: (message) => warnings.push(message),
    onError: (error) => errors.push(error),
  })
  t.after(() => {
    assert.deepEqual(errors, [])
    return stop()
  })
  const pass = async (time: number) => {
    for (let passed = 0; passed < time; passed += MINUTE) {
      now += MINUTE
      t.mock.timers.tick(MINUTE)
      // Each task begins its next wait after it has ended
      await setImmediate()
    }
  }
  return { cache, directory, warnings, errors, pass, stop, looks: () => looks }
}

const INPUT = pseudoRandom(32)

test('the trackers are checked each minute, until the service ends', async (t) => {
  const { pass, looks, stop, warnings } = await start(t)
  assert.equal(looks(), 0)
  await pass(MINUTE)
  assert.equal(looks(), 1)
  await pass(3 * MINUTE)
  assert.deepEqual([looks(), warnings], [4, []])
  await stop()
  await pass(MINUTE)
  assert.equal(looks(), 4)
})

test('after a failed check there is the next one, and the end waits for the last one', async (t) => {
  const failure = new Error('unreadable')
  let end: () => void = () => undefined
  const { pass, looks, errors, stop } = await start(t, [
    () => Promise.reject(failure),
    () => new Promise((resolve) => (end = resolve)),
  ])
  await pass(MINUTE)
  assert.deepEqual(errors.splice(0), [failure])
  await pass(3 * MINUTE)
  let hasEnded = false
  const ended = stop().then(() => (hasEnded = true))
  await setImmediate()
  assert.deepEqual([looks(), hasEnded], [2, false])
  end()
  await ended
  await pass(MINUTE)
  assert.equal(looks(), 2)
})

longTest('records that were unused for long enough are removed the next day', async (t) => {
  const { cache, pass } = await start(t)
  // Use is recorded once a week: until then the record may have been used again
  for (let day = 0; day < 30 + 7; day++) {
    // Not through the cache, which would record the use
    assert.equal([...cache.store.entries('i')].length, 1, `day ${day}`)
    await pass(DAY)
    await setImmediate()
    await cache.flush()
  }
  assert.equal([...cache.store.entries('i')].length, 0)
})

test('a cache that is removed as soon as it is open is reported once', async (t) => {
  const { cache, directory, warnings, pass } = await start(t)
  assert.equal(cache.store.state(), 'used')
  removeCache(directory)
  assert.equal(cache.store.state(), 'off')
  for (let i = 0; i < 3; i++) {
    await pass(MINUTE)
    await setImmediate()
  }
  assert.equal(warnings.length, 1)
  assert.match(String(warnings), /^cache \/var\/cache\/btkit: removed while in use/)
})
