import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ConcurrencyLimit } from '../../src/files/concurrency-limit.js'

test('there is never more under way than the limit, and in the end all is done', async () => {
  const limit = new ConcurrencyLimit(3)
  let running = 0
  let most = 0
  let done = 0
  const work = async (ms: number) => {
    most = Math.max(most, ++running)
    await setTimeout(ms)
    running--
    done++
  }
  for (let i = 0; i < 20; i++) {
    if (i % 2 === 0) await limit.begin(() => work(i % 4))
    else void limit.run(() => work(i % 3))
  }
  await limit.drain()
  assert.deepEqual({ running, most, done }, { running: 0, most: 3, done: 20 })
})

test('work begins in the order in which it was given', async () => {
  const limit = new ConcurrencyLimit(2)
  const begun: number[] = []
  const all = [0, 1, 2, 3, 4, 5].map((i) =>
    limit.run(async () => {
      begun.push(i)
      await setTimeout(5 - i)
    }),
  )
  await Promise.all(all)
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5])
})

test('with room, work begins at once', async () => {
  const limit = new ConcurrencyLimit(2)
  const begun: string[] = []
  for (const name of ['a', 'b']) {
    await limit.begin(async () => {
      begun.push(name)
      await setTimeout(20)
    })
  }
  assert.deepEqual(begun, ['a', 'b'])
  await limit.drain()
})

test('what fails says so to who asked for it, and gives its turn away', async () => {
  const limit = new ConcurrencyLimit(1)
  const failing = limit.run(() => Promise.reject(new Error('no')))
  const next = limit.run(() => Promise.resolve('yes'))
  await assert.rejects(failing, { message: 'no' })
  assert.equal(await next, 'yes')
  await limit.drain()
})

test('nothing under way is nothing to wait for', async () => {
  const limit = new ConcurrencyLimit(1)
  await limit.drain()
  assert.equal(await limit.run(() => Promise.resolve(1)), 1)
})
