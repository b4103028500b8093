import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Semaphore } from '../../../src/service/admission/semaphore.js'

test('as many works as the limit run at once, the others in the order in which they came', async () => {
  const semaphore = new Semaphore(2)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const results = ['a', 'b', 'c', 'd'].map((name) => {
    return semaphore.run(() => {
      begun.push(name)
      return new Promise<string>((resolve) => {
        ends.set(name, () => {
          resolve(name)
        })
      })
    })
  })
  await setImmediate()
  assert.deepEqual(begun, ['a', 'b'])
  ends.get('b')!()
  await setImmediate()
  assert.deepEqual(begun, ['a', 'b', 'c'])
  for (const name of ['a', 'c']) ends.get(name)!()
  await setImmediate()
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
  ends.get('d')!()
  assert.deepEqual(await Promise.all(results), ['a', 'b', 'c', 'd'])
})

test('a work that fails makes room for the next', async () => {
  const semaphore = new Semaphore(1)
  const failed = semaphore.run(() => Promise.reject(new Error('broken')))
  const next = semaphore.run(() => Promise.resolve('done'))
  await assert.rejects(failed, /broken/)
  assert.equal(await next, 'done')
  assert.equal(await semaphore.run(() => Promise.resolve('again')), 'again')
})
