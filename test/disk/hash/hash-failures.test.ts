import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { chmodSync, rmSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { concatenateFiles } from './concatenate.js'
import { createReadFailures, listUnreadable } from '../../../src/disk/hash/stream/reading.js'
import { hashStream } from '../../../src/disk/hash/hash-stream.js'
import { failure, unlessRoot } from '../failure.js'
import { makeScratch, plantHuge, plantSparse } from '../../support/scratch.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, TWINS } from './hash-options.js'
import { openFilesBelow, unlessProc } from '../../support/when-open.js'
import { plantStream } from './plant-stream.js'

const PIECE = 16384
const MIB = 2 ** 20
/** Some ten seconds of work, which a run that stops in time does not come to. */
const HUGE = 2 ** 36

for (const kernel of TWINS) {
  /** Content that is hashed at once, and content that is handed to threads. */
  for (const [place, size] of [
    ['at once', 100_000],
    ['on threads', 20 * MIB],
  ] as const) {
    test(`${kernel}, hashing ${place}: a file that became shorter is named`, async (t) => {
      const { stream, paths } = plantStream(t, [10, size, 10], 16384)
      truncateSync(paths[1]!, size - 1)
      const message = `${paths[1]!}: became shorter while it was read`
      const hashing = hashStream(stream, hashOptions({ kernel, threads: 3 }))
      await assert.rejects(hashing, failure('changed', message))
    })

    test(`${kernel}, hashing ${place}: a sparse file that became shorter is named`, async (t) => {
      const path = plantSparse(makeScratch(t), 'sparse', size)
      const stream = concatenateFiles([{ path, length: size }], 16384)
      truncateSync(path, size / 2)
      const message = `${path}: became shorter while it was read`
      const hashing = hashStream(stream, hashOptions({ kernel, threads: 3 }))
      await assert.rejects(hashing, failure('changed', message))
    })

    test(`${kernel}, hashing ${place}: a file that is gone is named`, async (t) => {
      const { stream, paths } = plantStream(t, [10, size, 10], 16384)
      rmSync(paths[2]!)
      const message = `${paths[2]!}: no such file or directory`
      const hashing = hashStream(stream, hashOptions({ kernel, threads: 3 }))
      await assert.rejects(hashing, failure('not-found', message))
    })

    test(
      `${kernel}, hashing ${place}: a file that may not be read is named`,
      unlessRoot,
      async (t) => {
        const { stream, paths } = plantStream(t, [10, size, 10], 16384)
        chmodSync(paths[0]!, 0)
        const message = `${paths[0]!}: permission denied`
        const hashing = hashStream(stream, hashOptions({ kernel, threads: 3 }))
        await assert.rejects(hashing, failure('not-permitted', message))
      },
    )
  }

  for (const [place, count] of [
    ['at once', 5],
    ['on threads', 1300],
  ] as const) {
    test(`${kernel}, hashing ${place}: with failures noted, all that can be read is hashed`, async (t) => {
      const { stream, paths, contents } = plantStream(
        t,
        [PIECE / 2, count * PIECE, 2 * PIECE],
        PIECE,
      )
      truncateSync(paths[1]!, 2 * PIECE)
      rmSync(paths[2]!)
      const failures = createReadFailures(stream)
      const { pieces: digests } = await hashStream(
        stream,
        hashOptions({ kernel, threads: 3, failures }),
      )
      assert.deepEqual(
        [failures.pieces.indexOf(1), failures.pieces.slice(2).indexOf(0)],
        [2, -1],
        'the pieces from the end of the short file on',
      )
      const good = referenceDigests(contents, PIECE).subarray(0, 2 * 20)
      assert.deepEqual(Buffer.from(digests.subarray(0, 2 * 20)), good)
      assert.deepEqual(
        [...listUnreadable(failures)],
        [
          [1, { status: 'changed', reason: 'changed while it was read' }],
          [2, { status: 'unreadable', reason: 'no such file or directory' }],
        ],
      )
    })
  }

  test(`${kernel}: a disk that fails costs the pieces it fails in`, unlessProc, async (t) => {
    const { paths, contents } = plantStream(t, [2.5 * PIECE, 2 * PIECE], PIECE)
    // To read the first page of a process's memory, which nothing has, is an input/output error
    const failing = { path: '/proc/self/mem', length: PIECE }
    const files = [
      { path: paths[0]!, length: 2.5 * PIECE },
      failing,
      { path: paths[1]!, length: 2 * PIECE },
    ]
    const stream = concatenateFiles(files, PIECE)
    const failures = createReadFailures(stream)
    const { pieces } = await hashStream(stream, hashOptions({ kernel, failures }))
    const whole = [contents[0]!, Buffer.alloc(PIECE), contents[1]!]
    assert.deepEqual(Buffer.from(pieces), referenceDigests(whole, PIECE))
    assert.deepEqual([...failures.pieces], [0, 0, 1, 1, 0, 0])
    const unreadable = { status: 'unreadable', reason: 'i/o error' }
    assert.deepEqual([...listUnreadable(failures)], [[1, unreadable]])
  })

  test(`${kernel}: a failure in one thread stops the others`, async (t) => {
    const path = plantHuge(makeScratch(t), 'huge', HUGE)
    const files = [
      { path: `${path}.missing`, length: 1 },
      { path, length: HUGE },
    ]
    const hashing = hashStream(concatenateFiles(files, MIB), hashOptions({ kernel, threads: 3 }))
    await assert.rejects(
      hashing,
      failure('not-found', `${path}.missing: no such file or directory`),
    )
  })

  test(
    `${kernel}: an interruption ends all threads and closes all files`,
    unlessProc,
    async (t) => {
      const directory = makeScratch(t)
      const path = plantHuge(directory, 'huge', HUGE)
      const stop = new AbortController()
      const stream = concatenateFiles([{ path, length: HUGE }], MIB)
      const before = process.getActiveResourcesInfo().toSorted()
      const options = { kernel, signal: stop.signal, threads: 3, onProgress: stop.abort.bind(stop) }
      await assert.rejects(hashStream(stream, hashOptions(options)), { code: 'interrupted' })
      assert.deepEqual(openFilesBelow(directory), [])
      assert.deepEqual(getEventListeners(stop.signal, 'abort'), [])
      assert.deepEqual(process.getActiveResourcesInfo().toSorted(), before)
    },
  )

  for (const [place, length] of [
    ['at once', 10],
    ['on threads', 20 * MIB],
  ] as const) {
    test(`${kernel}, hashing ${place}: what was interrupted before it began opens no file`, async () => {
      const stream = concatenateFiles([{ path: '/nonexistent/file', length }], MIB)
      const hashing = hashStream(stream, hashOptions({ kernel, signal: AbortSignal.abort() }))
      await assert.rejects(hashing, failure('interrupted', 'interrupted'))
    })
  }
}
