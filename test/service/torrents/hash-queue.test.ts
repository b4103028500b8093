import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { HashQueue } from '../../../src/service/torrents/hash-queue.js'
import { refused } from '../refused.js'

const always = () => true

/** Jobs that end when they are told to. */
class Jobs {
  readonly begun: string[] = []
  readonly told: number[] = []
  readonly #ends = new Map<string, () => void>()

  readonly work = (name: string) => (running: number) => {
    this.begun.push(name)
    this.told.push(running)
    return new Promise<string>((resolve) => {
      this.#ends.set(name, () => {
        resolve(name)
      })
    })
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!()
    await setImmediate()
  }
}

test('as many jobs as the limit run at once, the others in the order in which they came', async () => {
  const queue = new HashQueue(2)
  const jobs = new Jobs()
  const results = ['a', 'b', 'c', 'd'].map((name) => queue.run(jobs.work(name), always))
  await setImmediate()
  assert.deepEqual(jobs.begun, ['a', 'b'])
  assert.deepEqual([queue.running, queue.length], [2, 2])
  await jobs.end('b')
  assert.deepEqual(jobs.begun, ['a', 'b', 'c'])
  assert.deepEqual([queue.running, queue.length], [2, 1])
  for (const name of ['a', 'c', 'd']) await jobs.end(name)
  assert.deepEqual(await Promise.all(results), ['a', 'b', 'c', 'd'])
  assert.deepEqual([queue.running, queue.length], [0, 0])
})

test('a job is told how many run with it', async () => {
  const queue = new HashQueue(3)
  const jobs = new Jobs()
  const results = ['a', 'b', 'c', 'd'].map((name) => queue.run(jobs.work(name), always))
  await setImmediate()
  for (const name of ['a', 'b', 'c', 'd']) await jobs.end(name)
  await Promise.all(results)
  assert.deepEqual(jobs.told, [1, 2, 3, 3])
})

test('a job that fails makes room for the next', async () => {
  const queue = new HashQueue(1)
  const failed = queue.run(() => Promise.reject(new Error('broken')), always)
  const next = queue.run(() => Promise.resolve('done'), always)
  await assert.rejects(failed, /broken/)
  assert.equal(await next, 'done')
  assert.equal(queue.running, 0)
})

test('a job that nobody wants when its turn has come is passed over', async () => {
  const queue = new HashQueue(1)
  const jobs = new Jobs()
  let isWanted = true
  const first = queue.run(jobs.work('first'), always)
  const second = queue.run(jobs.work('second'), () => isWanted)
  const third = queue.run(jobs.work('third'), always)
  await setImmediate()
  isWanted = false
  const check = assert.rejects(second, refused('busy', /nobody waited/))
  await jobs.end('first')
  await check
  await jobs.end('third')
  assert.deepEqual(await Promise.all([first, third]), ['first', 'third'])
  assert.deepEqual(jobs.begun, ['first', 'third'])
})

test('when all that wait are unwanted, the place is free again', async () => {
  const queue = new HashQueue(1)
  const jobs = new Jobs()
  const first = queue.run(jobs.work('first'), always)
  const others = [1, 2, 3].map((n) => queue.run(jobs.work(`other ${n}`), () => false))
  const checks = others.map((other) => assert.rejects(other, refused('busy', /nobody/)))
  await setImmediate()
  await jobs.end('first')
  await Promise.all([first, ...checks])
  assert.deepEqual([queue.running, queue.length], [0, 0])
  assert.equal(await queue.run(() => Promise.resolve('again'), always), 'again')
})
