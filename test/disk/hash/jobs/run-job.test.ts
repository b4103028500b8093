import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { BtkitError } from '../../../../src/base/errors.js'
import { hashStream } from '../../../../src/disk/hash/hash-stream.js'
import {
  type HashJob,
  type JobParts,
  createJob,
  readProgress,
  createThrottle,
} from '../../../../src/disk/hash/jobs/job.js'
import { runJob } from '../../../../src/disk/hash/jobs/run-job.js'
import { WorkerPool } from '../../../../src/disk/hash/jobs/worker-pool.js'
import { availableKernels } from '../../../../src/disk/hash/kernels.js'
import type { ContentStream } from '../../../../src/disk/hash/stream/content-stream.js'
import { failure } from '../../failure.js'
import { runProgram } from '../../../support/programs.js'
import { fc } from '../../../support/random.js'
import { referenceDigests } from '../../../support/reference-digests.js'
import { makeScratch } from '../../../support/scratch.js'
import { hashOptions, TWINS } from '../hash-options.js'
import { plantStream } from '../plant-stream.js'
import { openFilesBelow, unlessProc } from '../../../support/when-open.js'
import { until } from '../../../support/until.js'

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

const MIB = 2 ** 20

for (const kernel of TWINS) {
  test(`${kernel}: a rate holds for all threads together, and changes no digest`, async (t) => {
    const { stream, contents } = plantStream(t, [3 * MIB], MIB)
    const started = performance.now()
    const throttle = createThrottle(5 * MIB)
    const { pieces: digests } = await hashStream(
      stream,
      hashOptions({ kernel, threads: 3, throttle }),
    )
    // The last turn is taken, not waited for
    const least = (3 * MIB - MIB / 4) / (5 * MIB)
    assert.ok(performance.now() - started >= least * 1000 - 20)
    assert.deepEqual(Buffer.from(digests), referenceDigests(contents, MIB))
  })
}

function jobOn(t: TestContext, size: number) {
  const { stream, contents, paths } = plantStream(t, [size], P)
  const parts = { wanted: 'pieces', kernel: 'crypto', threads: 1, stream, pieces: null } as const
  const path = paths[0]!
  return { job: createJob(parts), expected: referenceDigests(contents, P), path }
}

function openPool(t: TestContext): WorkerPool {
  const pool = new WorkerPool()
  t.after(() => pool.close())
  return pool
}

test('a thread that a bug ended is not given the next job', { timeout: 60_000 }, async (t) => {
  const pool = openPool(t)
  await assert.rejects(pool.run({} as HashJob), (error) => !(error instanceof BtkitError))
  const { job, expected } = jobOn(t, 5)
  await pool.run(job)
  assert.deepEqual(Buffer.from(job.digests.pieces), expected)
})

test(
  'a share that runs when the pool closes ends as interrupted',
  { timeout: 60_000 },
  async (t) => {
    const pool = openPool(t)
    const { stream } = plantStream(t, [400 * P], P)
    const throttle = createThrottle(P)
    const parts = { wanted: 'pieces', kernel: 'crypto', threads: 1, stream, pieces: null } as const
    const job = createJob({ ...parts, throttle })
    const share = assert.rejects(pool.run(job), failure('interrupted', 'interrupted'))
    await until('it hashes', () => readProgress(job).bytesDone > 0)
    await pool.close()
    await share
  },
)

test('threads start in a program that is given as text', async (t) => {
  const path = join(makeScratch(t, { file: 'x'.repeat(100_000) }), 'file')
  const code = `
    import { WorkerPool } from '${new URL('../../../../src/disk/hash/jobs/worker-pool.js', import.meta.url).href}'
    import { hashStream } from '${new URL('../../../../src/disk/hash/hash-stream.js', import.meta.url).href}'
    import { chooseKernel } from '${new URL('../../../../src/disk/hash/kernels.js', import.meta.url).href}'
    import { concatenateFiles } from '${new URL('../concatenate.js', import.meta.url).href}'
    const pool = new WorkerPool()
    const stream = concatenateFiles([{ path: process.argv[1], length: 100_000 }], 16_384)
    const { signal } = new AbortController()
    chooseKernel('crypto')
    const engine = { threads: 2, signal, pool, isOffloaded: true }
    const { pieces } = await hashStream(stream, engine)
    console.log(pieces.length)
    await pool.close()`
  const args = ['--input-type=module', '--eval', code, path]
  const { stdout, stderr } = await runProgram(process.execPath, args)
  assert.deepEqual([stdout, stderr], ['140\n', ''])
})
