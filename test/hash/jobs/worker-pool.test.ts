import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { BtkitError } from '../../../src/errors.js'
import { createJob, readProgress, type HashJob } from '../../../src/hash/jobs/job.js'
import { createThrottle } from '../../../src/hash/jobs/throttle.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { failure } from '../../files/failure.js'
import { runProgram } from '../../support/executable.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { plantStream } from '../plant-stream.js'

const P = 16384

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
    while (readProgress(job).bytesDone === 0) await setTimeout(5)
    await pool.close()
    await share
  },
)

test('threads start in a program that is given as text', async (t) => {
  const path = join(makeScratch(t, { file: 'x'.repeat(100_000) }), 'file')
  const code = `
    import { WorkerPool } from '${new URL('../../../src/hash/jobs/worker-pool.js', import.meta.url).href}'
    import { hashStream } from '${new URL('../../../src/hash/hash-stream.js', import.meta.url).href}'
    import { concatenateFiles } from '${new URL('../../../src/hash/stream/content-stream.js', import.meta.url).href}'
    const pool = new WorkerPool()
    const stream = concatenateFiles([{ path: process.argv[1], length: 100_000 }], 16_384)
    const { signal } = new AbortController()
    const engine = { kernel: 'crypto', threads: 2, signal, pool, isOffloaded: true }
    const { pieces } = await hashStream(stream, engine)
    console.log(pieces.length)
    await pool.close()`
  const args = ['--input-type=module', '--eval', code, path]
  const { stdout, stderr } = await runProgram(process.execPath, args)
  assert.deepEqual([stdout, stderr], ['140\n', ''])
})
