import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache as openRecords } from '../../src/disk/cache/open.js'
import {
  clearCache,
  completeDirectories,
  convertTorrent,
  makeTorrent,
  openCache,
  pruneCache,
  summarizeCache,
  verifyTorrent,
  type Cache,
} from '../../src/library/index.js'
import { longTest } from '../support/long.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'

const INTERRUPTED = { code: 'interrupted' }

/** A cache that knows a file. */
async function plant(t: TestContext) {
  const scratch = makeScratch(t, { 'a.bin': pseudoRandom(200_000) })
  const directory = join(scratch, 'cache')
  mkdirSync(directory, { mode: 0o700 })
  // Files that changed just now are not kept
  utimesSync(join(scratch, 'a.bin'), 1e9, 1e9)
  for (const bytesRead of [200_000, 0]) {
    const cache = await openCache(directory, { trust: 'mtime', onWarning: assert.ifError })
    const { bytesHashed } = await makeTorrent(join(scratch, 'a.bin'), { cache })
    assert.equal(bytesHashed, bytesRead)
    await cache.close()
  }
  return directory
}

test('a torrent made right after another task with an open cache reads nothing again', async (t) => {
  const scratch = makeScratch(t, { 'd/a.bin': pseudoRandom(200_000) })
  const content = join(scratch, 'd')
  utimesSync(join(content, 'a.bin'), 1e9, 1e9)
  const { bytes } = await makeTorrent(content)
  const options = { stateDirectory: join(scratch, 'state'), target: makeScratch(t) }
  const tasks = {
    make: (cache: Cache) => makeTorrent(content, { cache, private: true }),
    complete: (cache: Cache) => completeDirectories(content, { ...options, cache }),
    verify: (cache: Cache) => verifyTorrent(bytes, content, { cache }),
    convert: (cache: Cache) => convertTorrent(bytes, content, { version: 'v2', cache }),
  }
  for (const [name, run] of Object.entries(tasks)) {
    const cache = await openCache(join(scratch, name), { trust: 'mtime' })
    await run(cache)
    const path = name === 'complete' ? join(content, 'a.bin') : content
    const version = name === 'convert' ? 'v2' : 'v1'
    const { bytesHashed } = await makeTorrent(path, { cache, version })
    await cache.close()
    assert.equal(bytesHashed, 0, name)
  }
})

test('a cache is counted, pruned and cleared', async (t) => {
  const directory = await plant(t)
  const { counts, hits } = await summarizeCache(directory)
  assert.deepEqual([counts.file, hits > 0], [1, true])
  assert.deepEqual(await pruneCache(directory), { records: 0, damagedFiles: 0 })
  assert.ok((await pruneCache(directory, { maxSize: 1 })).records >= 1)
  assert.equal((await summarizeCache(directory)).counts.file, 0)
  assert.deepEqual([await clearCache(directory), await clearCache(directory)], [true, false])
})

test('a file in the place of a cache is an error of the library', async (t) => {
  const path = join(makeScratch(t, { file: 'x' }), 'file')
  const expected = { name: 'BtkitError', message: `${path}: not a directory` }
  for (const act of [summarizeCache, pruneCache, clearCache])
    await assert.rejects(act(path), expected)
})

test('an aborted signal ends each function for caches, and nothing is done', async (t) => {
  const directory = await plant(t)
  const signal = AbortSignal.abort(new Error('enough'))
  const options = { signal, maxSize: 1 }
  for (const act of [summarizeCache, pruneCache, clearCache]) {
    const failure = (await act(directory, options).catch((error: unknown) => error)) as Error
    assert.deepEqual([failure.message, failure.cause], ['interrupted', signal.reason])
  }
  const other = join(directory, 'other')
  await assert.rejects(openCache(other, { signal }), INTERRUPTED)
  assert.equal(existsSync(other), false)
  assert.equal((await summarizeCache(directory)).counts.file, 1)
})

longTest('a signal ends the work on a cache of many records while it goes on', async (t) => {
  const directory = makeScratch(t)
  const place = { directory, now: () => Date.now(), warn: assert.ifError }
  const cache = await openRecords(place)
  for (let i = 0; i < 30_000; i++) cache.put('info', pseudoRandom(8, i), pseudoRandom(8, i))
  await cache.close()
  for (const act of [summarizeCache, pruneCache]) {
    const aborting = new AbortController()
    const ended = act(directory, { signal: aborting.signal, unusedFor: -864e5 })
    // The first records are read by then
    setTimeout(() => {
      aborting.abort()
    }, 1)
    await assert.rejects(ended, INTERRUPTED)
  }
  assert.ok((await summarizeCache(directory)).counts.info > 0)
})
