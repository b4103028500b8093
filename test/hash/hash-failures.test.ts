import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { chmodSync, rmSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { concatenateFiles } from '../../src/hash/stream/content-stream.js'
import { hashStream } from '../../src/hash/hash-stream.js'
import { failure, unlessRoot } from '../files/failure.js'
import { makeScratch, plantSparse } from '../support/scratch.js'
import { hashOptions } from './hash-options.js'
import { openFilesBelow, unlessProc } from './stream/open-files.js'
import { plantStream } from './plant-stream.js'

const MIB = 2 ** 20
/** Some ten seconds of work, which a run that stops in time does not come to. */
const HUGE = 32 * 2 ** 30

/** Content that is hashed at once, and content that is handed to threads. */
for (const [place, size] of [
  ['at once', 100_000],
  ['on threads', 20 * MIB],
] as const) {
  test(`hashing ${place}: a file that became shorter is named`, async (t) => {
    const { stream, paths } = plantStream(t, [10, size, 10], 16384)
    truncateSync(paths[1]!, size - 1)
    const message = `${paths[1]!}: became shorter while it was read`
    const hashing = hashStream(stream, hashOptions({ threads: 3 }))
    await assert.rejects(hashing, failure('changed', message))
  })

  test(`hashing ${place}: a file that is gone is named`, async (t) => {
    const { stream, paths } = plantStream(t, [10, size, 10], 16384)
    rmSync(paths[2]!)
    const message = `${paths[2]!}: no such file or directory`
    const hashing = hashStream(stream, hashOptions({ threads: 3 }))
    await assert.rejects(hashing, failure('not-found', message))
  })

  test(`hashing ${place}: a file that may not be read is named`, unlessRoot, async (t) => {
    const { stream, paths } = plantStream(t, [10, size, 10], 16384)
    chmodSync(paths[0]!, 0)
    const message = `${paths[0]!}: permission denied`
    const hashing = hashStream(stream, hashOptions({ threads: 3 }))
    await assert.rejects(hashing, failure('not-permitted', message))
  })
}

test('a failure in one thread stops the others', async (t) => {
  const path = plantSparse(makeScratch(t), 'huge', HUGE)
  const files = [
    { path: `${path}.missing`, length: 1 },
    { path, length: HUGE },
  ]
  const started = Date.now()
  const hashing = hashStream(concatenateFiles(files, MIB), hashOptions({ threads: 3 }))
  await assert.rejects(hashing, failure('not-found', `${path}.missing: no such file or directory`))
  assert.ok(Date.now() - started < 5000, 'it takes no longer than a batch')
})

test('an interruption ends all threads and closes all files', unlessProc, async (t) => {
  const directory = makeScratch(t)
  const path = plantSparse(directory, 'huge', HUGE)
  const stop = new AbortController()
  const stream = concatenateFiles([{ path, length: HUGE }], MIB)
  const before = process.getActiveResourcesInfo().toSorted()
  const options = { signal: stop.signal, threads: 3, onProgress: stop.abort.bind(stop) }
  const started = Date.now()
  await assert.rejects(hashStream(stream, hashOptions(options)), { code: 'interrupted' })
  assert.ok(Date.now() - started < 5000, 'it takes no longer than a batch')
  assert.deepEqual(openFilesBelow(directory), [])
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), [])
  assert.deepEqual(process.getActiveResourcesInfo().toSorted(), before)
})

for (const [place, length] of [
  ['at once', 10],
  ['on threads', 20 * MIB],
] as const) {
  test(`hashing ${place}: what was interrupted before it began opens no file`, async () => {
    const stream = concatenateFiles([{ path: '/nonexistent/file', length }], MIB)
    const hashing = hashStream(stream, hashOptions({ signal: AbortSignal.abort() }))
    await assert.rejects(hashing, failure('interrupted', 'interrupted'))
  })
}
