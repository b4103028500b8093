// In a process of its own: all hashing of a process shares the spare buffer
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { returnBuffer, takeBuffer } from '../../../src/hash/jobs/batch-hasher.js'

test('a buffer given back is taken again, if it is long enough', () => {
  const first = takeBuffer(1000)
  returnBuffer(first)
  const second = takeBuffer(600)
  assert.deepEqual([second.length, second.buffer], [600, first.buffer])
  returnBuffer(second)
  const third = takeBuffer(1000)
  assert.deepEqual([third.length, third.buffer], [1000, first.buffer])
  returnBuffer(third)
  const longer = takeBuffer(1001)
  assert.equal(longer.length, 1001)
  assert.notEqual(longer.buffer, first.buffer)
})

test('two that are in use at once share nothing', () => {
  returnBuffer(takeBuffer(1000))
  const [one, other] = [takeBuffer(1000), takeBuffer(1000)]
  one.fill(1)
  other.fill(2)
  assert.deepEqual([one[0], other[0]], [1, 2])
})
