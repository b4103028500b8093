import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import {
  createJob,
  isStopped,
  noteProgress,
  readProgress,
  stopJob,
  takeBatch,
} from '../../../src/hash/jobs/job.js'

function makeJob(pieces: Uint32Array | null = null) {
  const files = ['/a', '/b'].map((path) => ({ path, length: 40_000 }))
  const stream = concatenateFiles(files, 16384)
  return createJob({ stream, wanted: 'pieces', kernel: 'crypto', threads: 1, pieces })
}

test('each batch is handed out once, in the order of the stream', () => {
  const job = makeJob()
  assert.deepEqual([takeBatch(job), takeBatch(job), takeBatch(job)], [0, 1, 2])
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
  for (const { buffer } of [digests.pieces, control, progress]) {
    assert.ok(buffer instanceof SharedArrayBuffer)
  }
})
