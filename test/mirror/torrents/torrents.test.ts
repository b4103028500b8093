import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { MemoryPool } from '../../../src/server/admission/memory.js'
import { NOBODY } from '../../../src/mirror/torrents/flights.js'
import { openKnown } from '../../../src/mirror/torrents/known-results.js'
import type { Maker } from '../../../src/mirror/torrents/make.js'
import { Torrents } from '../../../src/mirror/torrents/torrents.js'

test('a file that goes on changing is tried again, later each time, until it is seeded', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let [tries, seeded, isCacheable] = [0, 0, false]
  const make = () => {
    tries++
    return Promise.resolve({ torrent: { isCacheable, info: '' }, content: { isDirectory: true } })
  }
  const torrents = new Torrents(
    { make } as unknown as Maker,
    openKnown({ hasGiven: false }),
    new MemoryPool({ bytes: 0, bytesPerClient: 0 }),
    () => seeded++,
    () => 0,
  )
  const source = { key: 'a', effort: null, look: () => Promise.reject(new Error('by the maker')) }
  const triesAfter = async (ms: number) => {
    t.mock.timers.tick(ms)
    await setImmediate()
    return tries
  }
  const ask = () => torrents.obtain(source, NOBODY)
  // A second client changes nothing
  await ask()
  await triesAfter(1000)
  await ask()
  assert.deepEqual(
    [await triesAfter(1100), await triesAfter(4100), await triesAfter(100)],
    [3, 3, 4],
  )
  isCacheable = true
  assert.deepEqual([await triesAfter(8400), seeded], [5, 1])
  // The next change is one that does not end
  isCacheable = false
  await ask()
  for (let i = 0; i < 10; i++) await triesAfter(2100 * 32)
  assert.deepEqual([tries, seeded], [5 + 1 + 6, 1])
})
