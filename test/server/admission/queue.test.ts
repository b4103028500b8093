import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { QueuedJob, Queue, type QueuedWork } from '../../../src/server/admission/queue.js'
import { NotReady } from '../../../src/server/headers/refusal.js'
import { refused } from '../../mirror/refused.js'

const never = new AbortController().signal

/** A job that nobody waits for. */
const AHEAD = { size: 1, client: null, signal: never, isAhead: true }

/** Does work when its turn in a queue has come. */
async function run<T>(queue: Queue, of: QueuedWork, work: () => Promise<T>): Promise<T> {
  const job = new QueuedJob(of)
  await queue.enter(job)
  try {
    return await work()
  } finally {
    queue.end(job)
  }
}

/** A queue in which jobs end when the test says so. Jobs of more than 10 are large. */
function open(limits: Partial<ConstructorParameters<typeof Queue>[0]> = {}) {
  const queue = new Queue({ limit: 2, maxWaiting: 100, maxPerClient: 100, small: 10, ...limits })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    begun.push(name)
    return new Promise<void>((resolve) => ends.set(name, resolve))
  }
  const add = (name: string, size: number, rest: Partial<QueuedWork> = {}) => {
    const job = run(queue, { client: null, signal: never, ...rest, size }, work(name))
    job.catch(() => undefined)
    return job
  }
  const end = async (name: string) => {
    ends.get(name)?.()
    await setImmediate()
  }
  return { queue, begun, work, add, end }
}

test('small jobs begin before large ones', async () => {
  const { begun, add, end } = open()
  for (const name of ['a', 'b']) void add(name, 1)
  void add('LARGE', 100)
  void add('c', 1)
  void add('d', 1)
  await setImmediate()
  assert.deepEqual(begun, ['a', 'b', 'LARGE'])
  await end('LARGE')
  await end('a')
  assert.deepEqual(begun, ['a', 'b', 'LARGE', 'c'])
})

test('one place at least takes the oldest large job, however many small ones come', async () => {
  const { begun, add, end } = open({ limit: 1 })
  void add('LARGE 1', 100)
  void add('a', 1)
  void add('LARGE 2', 100)
  void add('b', 1)
  await setImmediate()
  assert.deepEqual(begun, ['LARGE 1', 'a'])
  await end('LARGE 1')
  assert.deepEqual(begun, ['LARGE 1', 'a', 'LARGE 2'])
})

test('a small job does not wait for large ones', async () => {
  const { begun, queue, add } = open()
  for (const name of ['LARGE 1', 'LARGE 2', 'LARGE 3']) void add(name, 100)
  void add('a', 1)
  void add('b', 1)
  await setImmediate()
  assert.deepEqual(begun, ['LARGE 1', 'LARGE 2', 'a'])
  assert.deepEqual([queue.running, queue.length], [3, 2])
})

test('a client has a limited number of jobs, others are not affected', async () => {
  const { add, end } = open({ maxPerClient: 2 })
  void add('a', 1, { client: 'x' })
  void add('b', 1, { client: 'x' })
  await assert.rejects(
    add('c', 1, { client: 'x' }),
    refused('throttled', /^2 requests of yours, the most of one client, .*; send fewer at once/),
  )
  void add('d', 1, { client: 'y' })
  await setImmediate()
  await end('a')
  const again = add('e', 1, { client: 'x' })
  await setImmediate()
  await end('d')
  await end('b')
  await end('e')
  await again
})

test('beyond the limit in all, jobs are refused for now', async () => {
  const { add } = open({ limit: 1, maxWaiting: 1 })
  void add('a', 1)
  void add('b', 1)
  await setImmediate()
  await assert.rejects(add('c', 1), refused('busy', /the server is busy/))
})

test('in a full queue, the newest job of the client with most gives way', async () => {
  const { queue, begun, add, end } = open({ limit: 1, maxWaiting: 3 })
  const jobs = ['a', 'b', 'c', 'd'].map((name) => add(name, 1, { client: 'x' }))
  const other = add('other', 1, { client: 'y' })
  await assert.rejects(jobs[3]!, refused('busy', /the server is busy/))
  assert.equal(queue.length, 3)
  await assert.rejects(add('e', 1, { client: 'x' }), refused('busy', /the server is busy/))
  await end('a')
  await end('b')
  await end('other')
  await other
  assert.deepEqual(begun, ['a', 'b', 'other', 'c'])
})

test('a job that nobody wants any more leaves the queue', async () => {
  const { queue, begun, add, end } = open({ limit: 1 })
  const gone = new AbortController()
  void add('a', 1)
  const job = add('b', 1, { signal: gone.signal })
  void add('c', 1)
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(job, refused('busy', /gone/))
  await end('a')
  assert.deepEqual(begun, ['a', 'c'])
  assert.equal(queue.length, 0)
})

test('a failed job makes place for the next', async () => {
  const { queue, begun, add } = open({ limit: 1 })
  const failing = run(queue, { size: 1, client: 'x', signal: never }, () => {
    return Promise.reject(new Error('broken'))
  })
  void add('a', 1)
  await assert.rejects(failing, /broken/)
  await setImmediate()
  assert.deepEqual(begun, ['a'])
})

test('work ahead begins when no job runs or waits, and takes no place from the next', async () => {
  const { queue, begun, work, add, end } = open({ limit: 1 })
  void add('a', 1)
  const ahead = run(queue, AHEAD, work('ahead'))
  await setImmediate()
  assert.deepEqual([begun, queue.ahead], [['a'], 0])
  await end('a')
  assert.deepEqual([begun, queue.ahead], [['a', 'ahead'], 1])
  void add('b', 1)
  await setImmediate()
  assert.deepEqual(begun, ['a', 'ahead', 'b'])
  await end('ahead')
  await ahead
})

test('a client with many jobs does not delay another one', async () => {
  const { begun, add, end } = open({ limit: 1 })
  for (let n = 1; n <= 50; n++)
    void add(`many ${n}`, 1, { client: 'many', signal: new AbortController().signal })
  for (let n = 1; n <= 2; n++) void add(`few ${n}`, 1, { client: 'few' })
  await setImmediate()
  for (let n = 0; n < 4; n++) await end(begun.at(-1) ?? '')
  assert.deepEqual(begun, ['many 1', 'many 2', 'few 1', 'many 3', 'few 2'])
})

test('no more work ahead begins at once than may run at once', async () => {
  const { queue, begun, work, end } = open()
  const names = ['1', '2', '3', '4', '5']
  const ahead = names.map((name) => run(queue, AHEAD, work(name)))
  await setImmediate()
  assert.deepEqual([begun.length, queue.ahead], [2, 2])
  for (const name of names) await end(name)
  await Promise.all(ahead)
  assert.deepEqual(begun, names)
})

const MIB = 2 ** 20

test('a job waits while a running one holds one of its files', async () => {
  const { begun, add, end } = open({ limit: 10 })
  void add('ab', 1, { files: new Set('ab') })
  void add('bc', 1, { files: new Set('bc') })
  void add('c', 1, { files: new Set('c') })
  void add('ca', 1, { files: new Set('ca') })
  await setImmediate()
  assert.deepEqual(begun, ['ab', 'c'])
  await end('c')
  assert.deepEqual(begun, ['ab', 'c'])
  await end('ab')
  assert.deepEqual(begun, ['ab', 'c', 'bc'])
  await end('bc')
  assert.deepEqual(begun, ['ab', 'c', 'bc', 'ca'])
})

test('a job that waits for a file lets the next ones of its client begin', async () => {
  const { begun, add } = open({ limit: 10 })
  for (const name of ['a 1', 'a 2', 'b']) {
    void add(name, 1, { client: 'x', files: new Set(name.slice(0, 1)) })
  }
  await setImmediate()
  assert.deepEqual(begun, ['a 1', 'b'])
})

test('a large job still holds its file after a small one that did not wait for it', async () => {
  const { begun, add, end } = open({ limit: 10 })
  const files = new Set('a')
  void add('large', 4096 * MIB, { files })
  void add('small', MIB, { files })
  await setImmediate()
  assert.deepEqual(begun, ['large', 'small'])
  await end('small')
  void add('another', 4096 * MIB, { files })
  await setImmediate()
  assert.deepEqual(begun, ['large', 'small'])
  await end('large')
  assert.deepEqual(begun, ['large', 'small', 'another'])
})

test('a job that waits for the readers of its files is as far as they are', () => {
  const { queue } = open()
  const of = { size: 100, client: null, files: new Set('a') }
  const [first, second] = [new QueuedJob(of), new QueuedJob({ ...of, size: 60 })]
  assert.equal(queue.enter(first), null)
  assert.notEqual(queue.enter(second), null)
  queue.note(first, 70)
  assert.deepEqual([first.reached?.done, second.reached?.done], [70, 30])
  assert.equal(second.done, null)
})

test('a job that waits for a file and is no longer wanted leaves, and holds nothing', async () => {
  const { queue, begun, add, end } = open()
  const gone = new AbortController()
  const files = new Set('a')
  void add('first', 1, { files })
  const left = add('second', 1, { files, client: 'x', signal: gone.signal })
  void add('third', 1, { files })
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(left, refused('busy', /gone/))
  assert.equal(queue.length, 1)
  await end('first')
  assert.deepEqual(begun, ['first', 'third'])
})
