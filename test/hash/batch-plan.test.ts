import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_BUFFER, planBatches } from '../../src/hash/batch-plan.js'
import { layStream } from '../../src/hash/content-stream.js'
import { cryptoKernel } from '../../src/hash/crypto-kernel.js'
import type { HashKernel } from '../../src/hash/kernel.js'

const GIB = 2 ** 30

function plan(length: number, pow2: number, lanes = 1) {
  const kernel: HashKernel = { ...cryptoKernel, lanes }
  const stream = layStream([{ path: '/f', length }], 2 ** pow2)
  return planBatches({ stream, pieces: null }, kernel)
}

const GRID = [14, 15, 18, 20, 22, 25, 26, 30].flatMap((pow2) => {
  return [1, 4, 8, 16].map((lanes) => ({ pow2, lanes }))
})

for (const { pow2, lanes } of GRID) {
  const name = `pieces of 2^${pow2} on ${lanes} lanes`

  test(`${name}: a thread needs 32 MiB at most, and whole lanes fit`, () => {
    const { bufferLength, sliceLength } = plan(5 * GIB + 1, pow2, lanes)
    assert.ok(bufferLength <= MAX_BUFFER)
    assert.equal(bufferLength % sliceLength, 0)
    assert.equal(sliceLength % 64, 0)
  })

  test(`${name}: the batches hold every piece once`, () => {
    const length = 5 * GIB + 1
    const { piecesPerBatch, batchCount } = plan(length, pow2, lanes)
    const pieces = Math.ceil(length / 2 ** pow2)
    assert.ok(piecesPerBatch * batchCount >= pieces)
    assert.ok(piecesPerBatch * (batchCount - 1) < pieces)
  })

  test(`${name}: a kernel gets all its lanes while they fit the buffer`, () => {
    const fitting = Math.max(1, MAX_BUFFER / 2 ** pow2)
    assert.ok(plan(5 * GIB, pow2, lanes).piecesPerBatch >= Math.min(lanes, fitting))
  })
}

test('small pieces come many at a time, so that reads stay large', () => {
  assert.ok(plan(GIB, 14).piecesPerBatch >= 128)
})

test('little content takes little memory', () => {
  assert.equal(plan(1, 18).bufferLength, 1)
  assert.equal(plan(100_000, 14, 16).bufferLength, 100_000)
})

test('no content is no batch', () => {
  assert.equal(
    planBatches({ stream: layStream([], 16384), pieces: null }, cryptoKernel).batchCount,
    0,
  )
})

test('a few pieces of many take batches for themselves alone', () => {
  const stream = layStream([{ path: '/f', length: GIB }], 2 ** 20)
  const { batchCount, bufferLength } = planBatches(
    { stream, pieces: Uint32Array.of(3, 700) },
    cryptoKernel,
  )
  assert.deepEqual({ batchCount, bufferLength }, { batchCount: 1, bufferLength: 2 ** 21 })
})
