import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  batchStart,
  countBatches,
  planBatches,
  type PlannedJob,
} from '../../../src/hash/jobs/batch-plan.js'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import { cryptoKernel } from '../../../src/hash/kernels/choose.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

function jobOf(length: number, pow2: number, changes: Partial<PlannedJob> = {}): PlannedJob {
  const stream = concatenateFiles([{ path: '/f', length }], 2 ** pow2)
  return { stream, pieces: null, wanted: 'pieces', threads: 2, ...changes }
}

/** How many pieces each batch has. */
function sizesOf(job: PlannedJob, lanes: number): number[] {
  const plan = planBatches(job, { ...cryptoKernel, lanes })
  return Array.from({ length: countBatches(plan) }, (_, batch) => {
    return batchStart(plan, batch + 1) - batchStart(plan, batch)
  })
}

for (const pow2 of [14, 15, 18, 20, 22, 25, 26, 30]) {
  for (const lanes of [1, 4, 8, 16, 32]) {
    for (const threads of [0, 1, 2, 3, 16]) {
      const name = `pieces of 2^${pow2} on ${lanes} lanes and ${threads} thread(s)`

      test(`${name}: the batches hold every piece once`, () => {
        const sizes = sizesOf(jobOf(5 * GIB + 1, pow2, { threads }), lanes)
        const pieces = Math.ceil((5 * GIB + 1) / 2 ** pow2)
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          pieces,
        )
        assert.ok(sizes.every((size) => size > 0))
      })

      test(`${name}: all but those that share out the rest offer all lanes`, () => {
        const sizes = sizesOf(jobOf(5 * GIB + 1, pow2, { threads }), lanes)
        const few = sizes.findIndex((size) => size < lanes)
        assert.ok(few === -1 || sizes.length - few <= Math.max(1, threads), String(sizes))
      })
    }
  }
}

test('what is left for less than a batch each is shared out among the threads', () => {
  assert.deepEqual(sizesOf(jobOf(5 * GIB, 26), 16), [16, 16, 16, 16, 8, 8])
  assert.deepEqual(sizesOf(jobOf(5 * GIB, 26, { threads: 3 }), 16), [16, 16, 16, 11, 11, 10])
  assert.deepEqual(sizesOf(jobOf(64 * MIB * 3, 26), 16), [2, 1])
})

test('small pieces come many at a time, so that reads stay large', () => {
  assert.ok(sizesOf(jobOf(GIB, 14), 1).every((size) => size * 2 ** 14 >= MIB))
})

test('blocks of v2 come many at a time, whatever the lanes and the piece length', () => {
  const sizes = sizesOf(jobOf(GIB, 14, { wanted: 'blocks' }), 4)
  assert.equal(sizes[0], (8 * MIB) / 2 ** 14)
})

test('no content is no batch', () => {
  const stream = concatenateFiles([], 16384)
  assert.deepEqual(sizesOf(jobOf(0, 14, { stream }), 1), [])
})

test('a few pieces of many take batches for themselves alone', () => {
  const job = jobOf(GIB, 20, { pieces: Uint32Array.of(3, 700), threads: 1 })
  assert.deepEqual(sizesOf(job, 1), [1, 1])
  assert.deepEqual(sizesOf(job, 4), [2])
})
