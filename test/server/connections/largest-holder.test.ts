import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LargestHolder } from '../../../src/server/connections/largest-holder.js'

test('the holder of most is known as counts change', () => {
  const largest = new LargestHolder<string>()
  assert.equal(largest.first, undefined)
  largest.set('a', 2)
  largest.set('b', 3)
  assert.equal(largest.first, 'b')
  largest.set('b', 1)
  assert.equal(largest.first, 'a')
  largest.set('a', 0)
  assert.equal(largest.first, 'b')
  largest.set('b', 0)
  assert.equal(largest.first, undefined)
})

test('among very many holders, the first is found without a look at all', () => {
  const largest = new LargestHolder<number>()
  for (let i = 0; i < 100_000; i++) largest.set(i, 1)
  const { user } = process.cpuUsage()
  // A look at all that are left each time would take 5 billion steps
  for (let i = 0; i < 100_000; i++) {
    const first = largest.first
    assert.ok(first !== undefined)
    largest.set(first, 0)
  }
  assert.ok(process.cpuUsage().user - user < 2_000_000)
})
