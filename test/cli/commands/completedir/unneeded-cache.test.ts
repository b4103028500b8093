import assert from 'node:assert/strict'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { aheadOfFiles, Mirror } from '../../../support/mirror.js'
import { runBtkit } from '../../../support/run-btkit.js'

const WEEK = 7 * 86_400_000

/** A mirror whose torrents are made, and whose cache is away: whatever opens it makes a new one. */
async function mirrorWithout(t: TestContext) {
  const mirror = new Mirror(t, { a: 'a', 'tree/b': 'b' })
  await mirror.report()
  const file = join(mirror.cache, 'pieces.mdb')
  rmSync(file)
  return { mirror, isOpened: () => existsSync(file) }
}

test('a run that finds nothing to do does not open the cache', async (t) => {
  const { mirror, isOpened } = await mirrorWithout(t)
  const { unchanged } = await mirror.report()
  assert.deepEqual([unchanged, isOpened()], [2, false])
})

test('a run that finds something to do opens the cache, and remembers what it read', async (t) => {
  const { mirror, isOpened } = await mirrorWithout(t)
  writeFileSync(mirror.at('a'), 'other')
  assert.equal((await mirror.report()).bytesHashed, 5)
  assert.ok(isOpened())
  const again = await mirror.report(['--force'])
  assert.deepEqual([again.bytesHashed, again.bytesReused], [1, 5])
})

test('once a week the cache is opened to be tidied, whatever there is to do', async (t) => {
  const { mirror, isOpened } = await mirrorWithout(t)
  const nextWeek = { now: () => aheadOfFiles() + WEEK }
  assert.equal((await mirror.report([], nextWeek)).unchanged, 2)
  assert.ok(isOpened())
  rmSync(join(mirror.cache, 'pieces.mdb'))
  await mirror.report([], nextWeek)
  assert.equal(isOpened(), false)
})

test('a cache with a limit is looked at in every run', async (t) => {
  const { mirror, isOpened } = await mirrorWithout(t)
  await mirror.report(['--cache-max-size', '1M'])
  assert.ok(isOpened())
})

test('nothing of the cache stays when it is cleared', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  await mirror.report()
  const note = join(mirror.cache, 'pieces.mdb-tidied')
  assert.ok(existsSync(note))
  await runBtkit(['cache', 'clear', '--cache-dir', mirror.cache])
  assert.equal(existsSync(note), false)
})
