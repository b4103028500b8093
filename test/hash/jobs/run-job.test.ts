import assert from 'node:assert/strict'
import { test } from 'node:test'
import { availableKernels } from '../../../src/hash/kernels/choose.js'
import type { ContentStream } from '../../../src/hash/stream/content-stream.js'
import { createJob, type HashJob, type JobParts } from '../../../src/hash/jobs/job.js'
import { runJob } from '../../../src/hash/jobs/run-job.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { openFilesBelow, unlessProc } from '../stream/open-files.js'
import { plantStream } from '../plant-stream.js'
import { fc } from '../../support/random.js'

const P = 16384

function jobOf(stream: ContentStream, changes: Partial<JobParts> = {}): HashJob {
  const parts = { wanted: 'pieces', kernel: 'crypto', threads: 1, stream, pieces: null } as const
  return createJob({ ...parts, ...changes })
}

const LAYOUTS: Record<string, number[]> = {
  'one byte': [1],
  'a byte less than a piece': [P - 1],
  'a piece': [P],
  'a byte more than a piece': [P + 1],
  'two pieces': [2 * P],
  'a byte less than two pieces': [2 * P - 1],
  'a byte more than two pieces': [2 * P + 1],
  'an empty file': [0],
  'no file': [],
  'empty files between others': [0, 1, 0, 0, P - 1, 0, P, 0],
  'files of a piece each': [P, P, P],
  'files that end a byte before the piece': [P - 1, P - 1, P - 1],
  'files that end a byte after the piece': [P + 1, P + 1, P + 1],
  'files that fill pieces together': [1, P - 1, P - 2, 2, P / 2, P / 2],
  'a large file between small ones': [5, 3 * 2 ** 20 + 17, 5],
  'hundreds of tiny files': Array.from({ length: 300 }, (_, i) => i % 90),
}

/** Every kernel of this machine, in the ways that it is used by one thread and by several. */
const USES = availableKernels().flatMap(({ name: kernel }) => {
  return [1, 2].map((threads) => ({ kernel, threads }))
})

for (const [name, sizes] of Object.entries(LAYOUTS)) {
  test(`${name}: every kernel gives the digests of the files joined and cut`, (t) => {
    const { stream, contents } = plantStream(t, sizes, P)
    for (const pieceLength of [P, 4 * P, 64 * P]) {
      for (const use of USES) {
        const job = jobOf({ ...stream, pieceLength }, use)
        runJob(job)
        const expected = referenceDigests(contents, pieceLength)
        assert.deepEqual(
          Buffer.from(job.digests.pieces),
          expected,
          `${JSON.stringify(use)}, ${pieceLength}`,
        )
      }
    }
  })
}

test('any files give the digests of the files joined and cut', (t) => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat(5 * P)), { maxLength: 12 })
  const property = fc.property(sizes, fc.integer({ min: 14, max: 17 }), (files, pow2) => {
    const { stream, contents } = plantStream(t, files, 2 ** pow2)
    const job = jobOf(stream)
    runJob(job)
    assert.deepEqual(Buffer.from(job.digests.pieces), referenceDigests(contents, 2 ** pow2))
  })
  fc.assert(property, { numRuns: 40 })
})

test('no file stays open, not even after a failure', unlessProc, (t) => {
  const { stream, directory } = plantStream(t, [5, 5], P)
  runJob(jobOf(stream))
  const longer = { ...stream, offsets: stream.offsets.map((offset) => 2 * offset) }
  assert.throws(() => {
    runJob(jobOf(longer))
  })
  assert.deepEqual(openFilesBelow(directory), [])
})
