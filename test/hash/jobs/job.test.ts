import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import {
  countJobPieces,
  createJob,
  isStopped,
  jobPiece,
  noteProgress,
  readProgress,
  stopJob,
  takeBatch,
} from '../../../src/hash/jobs/job.js'

function makeJob(algorithm: 'sha1' | 'sha256' = 'sha1', pieces: Uint32Array | null = null) {
  const files = ['/a', '/b'].map((path) => ({ path, length: 40_000 }))
  const stream = concatenateFiles(files, 16384)
  return createJob({ stream, algorithm, kernel: 'crypto', threads: 1, pieces })
}

test('each batch is handed out once, in the order of the stream', () => {
  const job = makeJob()
  assert.deepEqual([takeBatch(job), takeBatch(job), takeBatch(job)], [0, 1, 2])
})

test('a job has room for the digest of every piece', () => {
  assert.equal(makeJob('sha1').digests.length, 5 * 20)
  assert.equal(makeJob('sha256').digests.length, 5 * 32)
})

test('a job of some pieces has room for their digests alone', () => {
  const job = makeJob('sha1', Uint32Array.of(1, 3))
  assert.equal(job.digests.length, 2 * 20)
  assert.deepEqual([countJobPieces(job), jobPiece(job, 0), jobPiece(job, 1)], [2, 1, 3])
})

test('a job runs until it is stopped', () => {
  const job = makeJob()
  assert.equal(isStopped(job), false)
  stopJob(job)
  assert.equal(isStopped(job), true)
})

test('progress adds up, and names the file that the work has reached', () => {
  const job = makeJob()
  assert.deepEqual(readProgress(job), { bytesDone: 0, currentPath: '/a' })
  noteProgress(job, 2 ** 33, 0)
  noteProgress(job, 5, 1)
  assert.deepEqual(readProgress(job), { bytesDone: 2 ** 33 + 5, currentPath: '/b' })
})

test('all of it is memory that threads share', () => {
  const { digests, control, progress } = makeJob()
  for (const { buffer } of [digests, control, progress]) {
    assert.ok(buffer instanceof SharedArrayBuffer)
  }
})
