import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { InFlight } from '../../../src/core/complete/in-flight.js'

test('there is never more under way than the limit, and in the end all is done', async () => {
  const work = new InFlight(3)
  let running = 0
  let most = 0
  let done = 0
  for (let i = 0; i < 20; i++) {
    await work.begin(async () => {
      most = Math.max(most, ++running)
      await setTimeout(i % 4)
      running--
      done++
    })
  }
  await work.drain()
  assert.deepEqual({ running, most, done }, { running: 0, most: 3, done: 20 })
})

test('with room, work begins at once', async () => {
  const work = new InFlight(2)
  const begun: string[] = []
  for (const name of ['a', 'b']) {
    await work.begin(async () => {
      begun.push(name)
      await setTimeout(20)
    })
  }
  assert.deepEqual(begun, ['a', 'b'])
  await work.drain()
})

test('nothing under way is nothing to wait for', async () => {
  const drained = new InFlight(1).drain().then(() => 'drained')
  assert.equal(await Promise.race([drained, setImmediate('waits')]), 'drained')
})
