import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { failure } from '../failure.js'
import { hashInParts, hashStream } from '../../../src/disk/hash/hash-stream.js'
import { type HashProgress, createThrottle } from '../../../src/disk/hash/jobs/job.js'
import { ZEROS } from '../../../src/disk/hash/stream/content-stream.js'
import { concatenateFiles } from './concatenate.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { countTimers } from '../../support/count-timers.js'
import { hashOptions, TWIN_USES, TWINS } from './hash-options.js'
import { plantStream } from './plant-stream.js'
import { LAYOUTS, testLayouts } from './stream-layouts.js'

const MIB = 2 ** 20

testLayouts(LAYOUTS, TWIN_USES)

test('no content has no digest', async () => {
  const none = new Uint8Array(0)
  const digests = await hashStream(concatenateFiles([], 16384), hashOptions({ wanted: 'both' }))
  assert.deepEqual(digests, { pieces: none, blocks: none })
})

test('what is hashed at once leaves no timer', async (t) => {
  const { stream } = plantStream(t, [10], 16384)
  const before = countTimers()
  for await (const _ of hashInParts(stream, hashOptions()));
  assert.equal(countTimers(), before)
})

for (const kernel of TWINS) {
  test(`${kernel}: some pieces are hashed by threads as by one`, async (t) => {
    const { stream, contents } = plantStream(t, [10 * MIB + 1], MIB / 4)
    const all = referenceDigests(contents, MIB / 4)
    const pieces = Uint32Array.from({ length: 21 }, (_, i) => i + (i > 9 ? 10 : 0))
    const expected = [...pieces].map((piece) => all.subarray(piece * 20, piece * 20 + 20))
    const { pieces: digests } = await hashStream(
      stream,
      hashOptions({ kernel, threads: 3, pieces }),
    )
    assert.deepEqual(Buffer.from(digests), Buffer.concat(expected))
  })

  test(`${kernel}: progress rises to nearly the end and names files of the stream`, async (t) => {
    const path = join(makeScratch(t, { zeros: Buffer.alloc(64 * MIB) }), 'zeros')
    const files = [ZEROS, path].map((each) => ({ path: each, length: 64 * MIB }))
    const stream = concatenateFiles(files, MIB)
    // So slow that every kernel has time for several reports
    const throttle = createThrottle(256 * MIB)
    const seen: HashProgress[] = []
    const onProgress = (progress: HashProgress) => seen.push(progress)
    await hashStream(stream, hashOptions({ kernel, threads: 1, onProgress, throttle }))
    const bytes = seen.map(({ bytesDone }) => bytesDone)
    assert.ok(seen.length >= 2, `${seen.length} reports`)
    assert.deepEqual(
      bytes,
      bytes.toSorted((a, b) => a - b),
    )
    assert.ok(bytes.at(-1)! <= 128 * MIB && bytes.at(-1)! > 0)
    assert.ok(seen.every(({ currentPath }) => files.some((each) => each.path === currentPath)))
    assert.equal(seen.at(-1)?.currentPath, path)
  })

  test(`${kernel}: work that is ended does not wait for its rate`, async (t) => {
    const { stream } = plantStream(t, [4 * MIB], MIB)
    const left = new AbortController()
    const throttle = createThrottle(1)
    const onProgress = ({ bytesDone }: HashProgress) => {
      if (bytesDone > 0) left.abort()
    }
    const options = { kernel, threads: 1, isOffloaded: true, throttle, signal: left.signal }
    // At a byte a second it would take weeks
    const work = hashStream(stream, hashOptions({ ...options, onProgress }))
    await assert.rejects(work, failure('interrupted', 'interrupted'))
  })
}

for (const kernel of TWINS) {
  test(`${kernel}: where no file is, zeros are`, async (t) => {
    const { paths, contents } = plantStream(t, [100, 20_000], 16384)
    const files = [
      { path: paths[0]!, length: 100 },
      { path: ZEROS, length: 16284 },
      { path: paths[1]!, length: 20_000 },
      { path: ZEROS, length: 40_000 },
    ]
    const joined = [contents[0]!, Buffer.alloc(16284), contents[1]!, Buffer.alloc(40_000)]
    const { pieces: digests } = await hashStream(
      concatenateFiles(files, 16384),
      hashOptions({ kernel }),
    )
    assert.deepEqual(Buffer.from(digests), referenceDigests(joined, 16384))
  })
}
