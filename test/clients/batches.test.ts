import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failuresOfEach, partBySize } from '../../src/clients/batches.js'
import { BtkitError } from '../../src/errors.js'

test('no part is larger than the limit, and the order stays', () => {
  const parts = partBySize([3, 4, 5, 1, 9], (size) => size, 10)
  assert.deepEqual(parts, [[3, 4], [5, 1], [9]])
})

test('what is larger than the limit stands alone', () => {
  assert.deepEqual(
    partBySize([1, 20, 1], (size) => size, 10),
    [[1], [20], [1]],
  )
})

test('nothing has no parts', () => {
  assert.deepEqual(
    partBySize([], () => 1, 10),
    [],
  )
})

test('what fails is told in its place, and does not stop the others', async () => {
  const failures = await failuresOfEach(['good', 'bad', 'good'], (word) => {
    return word === 'bad' ? Promise.reject(new BtkitError('client', word)) : Promise.resolve()
  })
  assert.deepEqual(
    failures.map((failure) => failure?.message ?? null),
    [null, 'bad', null],
  )
})

test('an interruption ends all', async () => {
  const interrupted = () => Promise.reject(new BtkitError('interrupted', 'interrupted'))
  await assert.rejects(failuresOfEach([1], interrupted), { code: 'interrupted' })
})

test('a client that falls silent ends all, and is asked no more', async () => {
  let calls = 0
  const silent = () => {
    calls += 1
    return Promise.reject(new BtkitError('unreachable', 'no answer'))
  }
  await assert.rejects(failuresOfEach(Array(100).fill(0), silent), { code: 'unreachable' })
  assert.ok(calls <= 4, `${calls} calls`)
})
