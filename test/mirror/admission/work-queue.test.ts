import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Turn } from '../../../src/mirror/admission/turn.js'
import { WorkQueue, type QueueParts } from '../../../src/mirror/admission/work-queue.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { refused } from '../refused.js'

const SECOND = 1000

/** A queue, its works, and a clock that the test controls. */
class Workshop {
  now = 0
  /** Events in order. */
  readonly seen: string[] = []
  readonly turns = new Map<string, Turn>()
  readonly queue: WorkQueue
  readonly #ends = new Map<string, () => void>()
  readonly #gone = new Map<string, AbortController>()

  constructor(parts: Partial<QueueParts> = {}) {
    const monotonic = () => this.now
    this.queue = new WorkQueue({ limit: 1, maxWaiting: 100, ageing: SECOND, monotonic, ...parts })
  }

  /** Adds work of a size. Resolves with its name when the test ends it. */
  bring(name: string, size: number, client: string | null = null): Promise<string> {
    const gone = new AbortController()
    this.#gone.set(name, gone)
    const queued = { remaining: () => size, client, signal: gone.signal }
    const result = this.queue.run(queued, async (turn) => {
      this.seen.push(`${name} begins`)
      this.turns.set(name, turn)
      turn.onOver(() => this.seen.push(`${name} is asked to give way`))
      await new Promise<void>((resolve) => this.#ends.set(name, resolve))
      this.seen.push(`${name} ends`)
      return name
    })
    result.catch(() => undefined)
    return result
  }

  /** Makes a work yield, after it was asked to. */
  async giveWay(name: string): Promise<void> {
    void this.turns
      .get(name)!
      .next()
      .then(
        () => this.seen.push(`${name} goes on`),
        () => {
          this.#ends.get(name)!()
        },
      )
    await setImmediate()
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!()
    await setImmediate()
  }

  async leave(name: string): Promise<void> {
    this.#gone.get(name)!.abort(new NotReady(`nobody wants ${name}`, 1))
    await setImmediate()
  }
}

test('as many works as the limit run at once, and equal ones in the order in which they came', async () => {
  const shop = new Workshop({ limit: 2 })
  const results = ['a', 'b', 'c', 'd'].map((name) => shop.bring(name, 10))
  await setImmediate()
  assert.deepEqual(shop.seen, ['a begins', 'b begins'])
  assert.deepEqual([shop.queue.running, shop.queue.length], [2, 2])
  await shop.end('b')
  assert.deepEqual(shop.seen.slice(2), ['b ends', 'c begins'])
  for (const name of ['a', 'c', 'd']) await shop.end(name)
  assert.deepEqual(await Promise.all(results), ['a', 'b', 'c', 'd'])
  assert.deepEqual([shop.queue.running, shop.queue.length], [0, 0])
})

test('a work knows how many run with it', async () => {
  const shop = new Workshop({ limit: 3 })
  for (const name of ['a', 'b', 'c', 'd']) void shop.bring(name, 10)
  await setImmediate()
  await shop.end('a')
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((name) => shop.turns.get(name)!.running),
    [1, 2, 3, 3],
  )
})

test('a work that fails makes room for the next', async () => {
  const { queue } = new Workshop()
  const queued = { remaining: () => 1, client: null, signal: new AbortController().signal }
  const failed = queue.run(queued, () => Promise.reject(new Error('broken')))
  const next = queue.run(queued, () => Promise.resolve('done'))
  await assert.rejects(failed, /broken/)
  assert.equal(await next, 'done')
  assert.equal(queue.running, 0)
})

test('the smallest of the waiting works is next', async () => {
  const shop = new Workshop()
  void shop.bring('first', 1)
  for (const [name, size] of [
    ['large', 1000],
    ['small', 10],
    ['medium', 100],
  ] as const) {
    void shop.bring(name, size)
  }
  await setImmediate()
  for (const name of ['first', 'small', 'medium', 'large']) await shop.end(name)
  const begun = shop.seen.filter((line) => line.endsWith('begins'))
  assert.deepEqual(begun, ['first begins', 'small begins', 'medium begins', 'large begins'])
})

test('a large work yields to a small one, and continues after it', async () => {
  const shop = new Workshop({ limit: 2 })
  void shop.bring('huge', 60_000)
  void shop.bring('large', 30_000)
  await setImmediate()
  void shop.bring('small', 5)
  await setImmediate()
  assert.deepEqual(shop.seen, ['huge begins', 'large begins', 'huge is asked to give way'])
  assert.equal(shop.turns.get('huge')!.isOver, true)
  await shop.giveWay('huge')
  assert.deepEqual(shop.seen.slice(3), ['small begins'])
  assert.deepEqual([shop.queue.running, shop.queue.length], [2, 1])
  await shop.end('small')
  assert.deepEqual(shop.seen.slice(4), ['small ends', 'huge goes on'])
  assert.equal(shop.turns.get('huge')!.isOver, false)
})

test('a work does not yield to one that is only a little smaller', async () => {
  const shop = new Workshop()
  void shop.bring('a', 100)
  void shop.bring('b', 60)
  await setImmediate()
  assert.deepEqual(shop.seen, ['a begins'])
})

test('a work that waits long enough comes before smaller ones', async () => {
  const shop = new Workshop()
  void shop.bring('first', 1)
  void shop.bring('large', 1024)
  await setImmediate()
  // The size halves with each second: after eleven seconds, it precedes new works of size 1
  shop.now = 11 * SECOND
  void shop.bring('small', 1)
  await shop.end('first')
  assert.equal(shop.seen.at(-1), 'large begins')
})

test('running works yield to equal ones after a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const shop = new Workshop()
  void shop.bring('a', 1000)
  void shop.bring('b', 1000)
  await setImmediate()
  assert.deepEqual(shop.seen, ['a begins'])
  shop.now = 2 * SECOND
  t.mock.timers.tick(SECOND)
  assert.deepEqual(shop.seen, ['a begins', 'a is asked to give way'])
  await shop.giveWay('a')
  assert.equal(shop.seen.at(-1), 'b begins')
})

test('a client that asks for much comes after one that asks for little', async () => {
  const shop = new Workshop()
  void shop.bring('first', 1)
  for (let i = 0; i < 8; i++) void shop.bring(`greedy ${i}`, 10, 'greedy')
  void shop.bring('modest', 10, 'modest')
  await setImmediate()
  for (const name of ['first', 'greedy 0']) await shop.end(name)
  const begun = shop.seen.filter((line) => line.endsWith('begins'))
  assert.deepEqual(begun, ['first begins', 'greedy 0 begins', 'modest begins'])
})

test('a work that nobody wants any more leaves the queue at once', async () => {
  const shop = new Workshop()
  void shop.bring('first', 1)
  const second = shop.bring('second', 1)
  void shop.bring('third', 1)
  await setImmediate()
  const check = assert.rejects(second, refused('busy', /nobody wants second/))
  await shop.leave('second')
  await check
  assert.equal(shop.queue.length, 1)
  await shop.end('first')
  assert.deepEqual(shop.seen, ['first begins', 'first ends', 'third begins'])
})

test('a work that nobody wants any more is asked to yield, and does not continue', async () => {
  const shop = new Workshop()
  const first = shop.bring('first', 1000)
  void shop.bring('second', 1000)
  await setImmediate()
  await shop.leave('first')
  assert.equal(shop.seen.at(-1), 'first is asked to give way')
  await shop.giveWay('first')
  assert.deepEqual(shop.seen.slice(2).sort(), ['first ends', 'second begins'])
  assert.equal(await first, 'first')
  assert.deepEqual([shop.queue.running, shop.queue.length], [1, 0])
})

test('a work that has ended takes no place any more', async () => {
  const shop = new Workshop()
  void shop.bring('a', 1)
  await setImmediate()
  const turn = shop.turns.get('a')!
  await shop.end('a')
  await assert.rejects(turn.next(), refused('busy', /has ended/))
  assert.deepEqual([shop.queue.running, shop.queue.length], [0, 0])
})

test('after one part of a work failed, another part takes no place', async () => {
  const shop = new Workshop()
  let waited: Promise<void> | null = null
  let fail: () => void = () => undefined
  const { signal } = new AbortController()
  const work = shop.queue.run({ remaining: () => 10, client: null, signal }, (turn) => {
    waited = turn.next()
    return new Promise((_resolve, reject) => {
      fail = () => {
        reject(new Error('broken'))
      }
    })
  })
  void shop.bring('small', 1)
  await setImmediate()
  assert.deepEqual([shop.queue.running, shop.queue.length], [1, 1])
  const checks = [assert.rejects(work, /broken/), assert.rejects(waited!, refused('busy', /ended/))]
  fail()
  await Promise.all(checks)
  await shop.end('small')
  assert.deepEqual([shop.queue.running, shop.queue.length], [0, 0])
})

test('when too many works wait, more are refused', async () => {
  const shop = new Workshop({ limit: 1, maxWaiting: 2 })
  for (const name of ['a', 'b', 'c']) void shop.bring(name, 1)
  await setImmediate()
  await assert.rejects(shop.bring('d', 1), refused('busy', /the server is busy/))
  await shop.end('a')
  void shop.bring('e', 1)
  await setImmediate()
  assert.deepEqual([shop.queue.running, shop.queue.length], [1, 2])
})

test('work that nobody wants is not begun', async () => {
  const { queue } = new Workshop()
  const signal = AbortSignal.abort(new NotReady('gone', 1))
  const work = queue.run({ remaining: () => 1, client: null, signal }, () => assert.fail())
  await assert.rejects(work, refused('busy', /gone/))
  assert.deepEqual([queue.running, queue.length], [0, 0])
})

/** A queue, and another one with priority. */
function openShops() {
  const first = new Workshop()
  return { first, after: new Workshop({ limit: 2, after: first.queue }) }
}

test('works of a queue wait while the queue with priority has any', async () => {
  const { first, after } = openShops()
  void first.bring('asked', 1000)
  void first.bring('asked too', 1000)
  void after.bring('ahead', 1)
  await setImmediate()
  assert.deepEqual(after.seen, [])
  await first.end('asked')
  assert.deepEqual(after.seen, [])
  await first.end('asked too')
  assert.deepEqual(after.seen, ['ahead begins'])
})

test('works yield as soon as the queue with priority has one', async () => {
  const { first, after } = openShops()
  void after.bring('ahead', 1)
  void after.bring('ahead too', 1)
  await setImmediate()
  void first.bring('asked', 1000)
  await setImmediate()
  const asked = ['ahead is asked to give way', 'ahead too is asked to give way']
  assert.deepEqual(after.seen.slice(2), asked)
  assert.deepEqual(first.seen, ['asked begins'])
  await after.giveWay('ahead')
  await after.giveWay('ahead too')
  assert.equal(after.seen.length, 4)
  await first.end('asked')
  assert.deepEqual(after.seen.slice(4), ['ahead goes on', 'ahead too goes on'])
})

test('work that has ended leaves nothing at its signal', async () => {
  const { signal } = new AbortController()
  const queue = new WorkQueue({ limit: 1, maxWaiting: 1, ageing: SECOND, monotonic: () => 0 })
  await queue.run({ remaining: () => 1, client: null, signal }, () => Promise.resolve())
  assert.deepEqual(getEventListeners(signal, 'abort'), [])
})
