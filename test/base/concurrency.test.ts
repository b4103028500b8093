import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { mapLimited } from '../../src/base/concurrency.js'

test('answers are in the order of the items, and few calls run at once', async () => {
  let running = 0
  let most = 0
  const items = Array.from({ length: 3000 }, (_, i) => i)
  const answers = await mapLimited(items, 4, async (item) => {
    most = Math.max(most, ++running)
    if (item % 3 === 0) await setImmediate()
    running--
    return -item
  })
  assert.deepEqual(
    answers,
    items.map((item) => -item),
  )
  assert.equal(most, 4)
})

test('no call begins after a failed one', async () => {
  const begun: number[] = []
  const calls = mapLimited([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item)
    await setImmediate()
    if (item === 2) throw new Error('refused')
  })
  await assert.rejects(calls, /refused/)
  await setImmediate()
  assert.ok(begun.length < 5, String(begun))
})
