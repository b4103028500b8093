import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../../src/mirror/progress/pace.js'
import { TorrentProgress } from '../../../src/mirror/progress/progress.js'

const TITLE = { name: 'image.iso', path: ['image.iso'], files: 1, size: 1000 }

test('a torrent whose hashing has not begun waits', () => {
  const { state, bytesDone, bytesTotal, bytesPerSecond } = new TorrentProgress(
    TITLE,
    1000,
    () => 0,
  ).tell()
  assert.deepEqual([state, bytesDone, bytesTotal, bytesPerSecond], ['waiting', 0, 1000, null])
})

test('pieces from the cache count as done', () => {
  const progress = new TorrentProgress(TITLE, 1000, () => 0)
  progress.note(100, 400)
  const { state, bytesDone, bytesTotal } = progress.tell()
  assert.deepEqual([state, bytesDone, bytesTotal], ['hashing', 700, 1000])
})

test('the bytes done never exceed the total', () => {
  const progress = new TorrentProgress(TITLE, 1000, () => 0)
  progress.note(1200, 1000)
  assert.equal(progress.tell().bytesDone, 1000)
})

test('the rate is that of the last ten seconds', () => {
  let now = 0
  const pace = new Pace(() => now)
  let amount = 0
  for (; now < 20_000; now += 100, amount += now < 9_000 ? 10 : 50) pace.note(amount)
  assert.equal(Math.round(pace.perSecond(amount) ?? 0), 500)
})

test('the rate falls while there is no progress', () => {
  let now = 0
  const pace = new Pace(() => now)
  pace.note(0)
  now = 1000
  assert.equal(pace.perSecond(500), 500)
  now = 5000
  assert.equal(pace.perSecond(500), 100)
})

test('there is no rate before some time has passed', () => {
  const pace = new Pace(() => 7)
  assert.equal(pace.perSecond(10), null)
  pace.note(0)
  assert.equal(pace.perSecond(10), null)
})
