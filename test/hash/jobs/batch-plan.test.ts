import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_BUFFER, planBatches } from '../../../src/hash/jobs/batch-plan.js'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import { cryptoKernel } from '../../../src/hash/kernels/crypto.js'
import type { HashKernel } from '../../../src/hash/kernels/kernel.js'

const GIB = 2 ** 30

interface Case {
  readonly pow2: number
  readonly lanes: number
  readonly threads: number
}

function plan(length: number, { pow2, lanes, threads }: Case) {
  const kernel: HashKernel = { ...cryptoKernel, lanes }
  const stream = concatenateFiles([{ path: '/f', length }], 2 ** pow2)
  return planBatches({ stream, pieces: null }, kernel, threads)
}

const GRID: Case[] = [14, 15, 18, 20, 22, 25, 26, 30].flatMap((pow2) => {
  return [1, 4, 8, 16].flatMap((lanes) => [1, 2].map((threads) => ({ pow2, lanes, threads })))
})

for (const entry of GRID) {
  const { pow2, lanes, threads } = entry
  const name = `pieces of 2^${pow2} on ${lanes} lanes and ${threads} thread(s)`

  test(`${name}: a thread's buffer is bounded, and holds whole slices`, () => {
    const { bufferLength, sliceLength, piecesPerBatch } = plan(5 * GIB + 1, entry)
    assert.ok(bufferLength <= MAX_BUFFER)
    assert.equal(bufferLength, piecesPerBatch * sliceLength)
    assert.equal(2 ** pow2 % sliceLength, 0)
    assert.equal(sliceLength % 64, 0)
  })

  test(`${name}: the batches hold every piece once`, () => {
    const length = 5 * GIB + 1
    const { piecesPerBatch, batchCount } = plan(length, entry)
    const pieces = Math.ceil(length / 2 ** pow2)
    assert.ok(piecesPerBatch * batchCount >= pieces)
    assert.ok(piecesPerBatch * (batchCount - 1) < pieces)
  })
}

for (const entry of GRID.filter(({ threads }) => threads > 1)) {
  test(`among several threads a kernel gets all lanes: ${JSON.stringify(entry)}`, () => {
    const { piecesPerBatch } = plan(64 * GIB, entry)
    assert.ok(piecesPerBatch >= entry.lanes)
  })
}

for (const entry of GRID.filter(({ threads, pow2 }) => threads === 1 && pow2 <= 26)) {
  test(`a thread alone reads in order, piece after piece: ${JSON.stringify(entry)}`, () => {
    const { sliceLength, piecesPerBatch } = plan(5 * GIB, entry)
    assert.ok(sliceLength === 2 ** entry.pow2 || piecesPerBatch === 1)
  })
}

test('small pieces come many at a time, so that reads stay large', () => {
  assert.ok(plan(GIB, { pow2: 14, lanes: 1, threads: 1 }).bufferLength >= 2 ** 20)
})

test('little content takes little memory', () => {
  assert.equal(plan(1, { pow2: 18, lanes: 1, threads: 1 }).bufferLength, 1)
  assert.ok(plan(100_000, { pow2: 14, lanes: 16, threads: 2 }).bufferLength < 120_000)
})

test('no content is no batch', () => {
  const none = { stream: concatenateFiles([], 16384), pieces: null }
  assert.equal(planBatches(none, cryptoKernel, 1).batchCount, 0)
})

test('a few pieces of many take batches for themselves alone', () => {
  const stream = concatenateFiles([{ path: '/f', length: GIB }], 2 ** 20)
  const job = { stream, pieces: Uint32Array.of(3, 700) }
  assert.equal(planBatches(job, cryptoKernel, 1).batchCount, 2)
  assert.equal(planBatches(job, { ...cryptoKernel, lanes: 4 }, 1).batchCount, 1)
})
