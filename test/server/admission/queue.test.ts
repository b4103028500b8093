import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Gate } from '../../../src/server/admission/gate.js'
import { QueuedJob, Queue, type QueuedWork } from '../../../src/server/admission/queue.js'
import { NotReady } from '../../../src/server/headers/refusal.js'
import { refused } from '../../mirror/refused.js'

const never = new AbortController().signal

/** A job that nobody waits for. */
const AHEAD = { isAhead: true }

/** A gate or a queue in which work ends when the test says so. Jobs of more than 10 are large. */
function open<Kind extends typeof Gate | typeof Queue>(
  kind: Kind,
  limits: Partial<ConstructorParameters<typeof Gate>[0]> = {},
) {
  const all = { limit: 2, maxWaiting: 100, maxPerClient: 100, small: 10, ...limits }
  const queue = new kind(all) as InstanceType<Kind>
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const work = (name: string) => {
    begun.push(name)
    return new Promise<void>((resolve, reject) => {
      ends.set(name, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }
  const enter = async (name: string, of: QueuedWork) => {
    if (queue instanceof Gate) return queue.run(of, () => work(name))
    const job = new QueuedJob(of)
    await queue.enter(job)
    return work(name).finally(() => {
      queue.end(job)
    })
  }
  const add = (name: string, of: Partial<QueuedWork> = {}) => {
    const added = enter(name, { client: null, signal: never, size: 1, ...of })
    added.catch(() => undefined)
    return added
  }
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error)
    await setImmediate()
  }
  return { queue, begun, add, end }
}

for (const [what, kind] of [
  ['a gate', Gate],
  ['a queue', Queue],
] as const) {
  test(`${what} has a few at work, and the others wait`, async () => {
    const { queue, begun, add, end } = open(kind)
    for (const name of ['a', 'b', 'c']) void add(name)
    await setImmediate()
    assert.deepEqual([begun, queue.running, queue.length], [['a', 'b'], 2, 1])
    await end('a')
    assert.deepEqual([begun, queue.running, queue.length], [['a', 'b', 'c'], 2, 0])
  })

  test(`a client has a limited number in ${what}, others are not affected`, async () => {
    const { add, end } = open(kind, { maxPerClient: 2 })
    for (const name of ['a', 'b']) void add(name, { client: 'x' })
    const many = /^2 requests of yours, the most of one client, .*; send fewer at once/
    await assert.rejects(add('c', { client: 'x' }), refused('throttled', many))
    const other = add('d', { client: 'y' })
    await end('a')
    const again = add('e', { client: 'x' })
    for (const name of ['d', 'b', 'e']) await end(name)
    await Promise.all([other, again])
  })

  test(`if ${what} is full, the newest of the client with most gives way`, async () => {
    const { queue, begun, add, end } = open(kind, { limit: 1, maxWaiting: 3 })
    const added = ['a', 'b', 'c', 'd'].map((name) => add(name, { client: 'x' }))
    void add('other', { client: 'y' })
    for (const dropped of [added[3]!, add('e', { client: 'x' })])
      await assert.rejects(dropped, refused('busy', /the server is busy/))
    assert.equal(queue.length, 3)
    for (const name of ['a', 'b', 'other']) await end(name)
    assert.deepEqual(begun, ['a', 'b', 'other', 'c'])
  })

  test(`in ${what}, a client with much does not delay another one`, async () => {
    const { begun, add, end } = open(kind, { limit: 1 })
    for (let n = 1; n <= 50; n++) void add(`many ${n}`, { client: 'many' })
    for (let n = 1; n <= 2; n++) void add(`few ${n}`, { client: 'few' })
    await setImmediate()
    for (let n = 0; n < 4; n++) await end(begun.at(-1) ?? '')
    assert.deepEqual(begun, ['many 1', 'many 2', 'few 1', 'many 3', 'few 2'])
  })

  test(`what nobody wants any more leaves ${what}, and what fails makes place`, async () => {
    const { queue, begun, add, end } = open(kind, { limit: 1 })
    const gone = new AbortController()
    const failing = add('a', { client: 'x' })
    const left = add('b', { client: 'x', signal: gone.signal })
    void add('c')
    gone.abort(new NotReady('gone', 1))
    await assert.rejects(left, refused('busy', /gone/))
    await end('a', new Error('broken'))
    await assert.rejects(failing, /broken/)
    assert.deepEqual([begun, queue.running, queue.length], [['a', 'c'], 1, 0])
  })
}

test('a job that gave way to others gives its place back once, also if its client leaves then', async () => {
  const { queue, add } = open(Queue, { limit: 1, maxWaiting: 2, maxPerClient: 3 })
  const leaving = new AbortController()
  for (const name of ['a', 'b']) void add(name, { client: 'x' })
  const dropped = add('c', { client: 'x', signal: leaving.signal })
  void add('d', { client: 'y' })
  await assert.rejects(dropped, NotReady)
  leaving.abort()
  assert.equal(queue.ended, 1)
})

test('a client whose acts take long leaves a place of a gate to others', async () => {
  for (const names of [
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]) {
    const { begun, add, end } = open(Gate, { limit: names.length })
    for (const name of names) void add(name, { client: 'x' })
    assert.deepEqual(begun, names.slice(0, -1))
    void add('other', { client: 'y' })
    assert.deepEqual(begun, [...names.slice(0, -1), 'other'])
    await end('a')
    assert.deepEqual(begun, [...names.slice(0, -1), 'other', names.at(-1)])
  }
})

test('one place at least takes the oldest large job, however many small ones come', async () => {
  const { begun, add, end } = open(Queue, { limit: 1 })
  for (const name of ['LARGE 1', 'a', 'LARGE 2', 'b'])
    void add(name, { size: name.startsWith('L') ? 100 : 1 })
  await setImmediate()
  assert.deepEqual(begun, ['LARGE 1', 'a'])
  await end('LARGE 1')
  assert.deepEqual(begun, ['LARGE 1', 'a', 'LARGE 2'])
})

test('a small job does not wait for large ones', async () => {
  const { begun, queue, add, end } = open(Queue)
  for (const name of ['LARGE 1', 'LARGE 2', 'LARGE 3']) void add(name, { size: 100 })
  for (const name of ['a', 'b']) void add(name)
  await setImmediate()
  assert.deepEqual(begun, ['LARGE 1', 'LARGE 2', 'a'])
  assert.deepEqual([queue.running, queue.length], [3, 2])
  await end('a')
  assert.deepEqual(begun.slice(3), ['b'])
})

test('work ahead begins when no job runs or waits, and takes no place from the next', async () => {
  const { queue, begun, add, end } = open(Queue, { limit: 1 })
  void add('a')
  const ahead = add('ahead', AHEAD)
  await setImmediate()
  assert.deepEqual([begun, queue.ahead], [['a'], 0])
  await end('a')
  assert.deepEqual([begun, queue.ahead], [['a', 'ahead'], 1])
  void add('b')
  await setImmediate()
  assert.deepEqual(begun, ['a', 'ahead', 'b'])
  await end('ahead')
  await ahead
})

test('no more work ahead begins at once than may run at once', async () => {
  const { queue, begun, add, end } = open(Queue)
  const names = ['1', '2', '3', '4', '5']
  const ahead = names.map((name) => add(name, AHEAD))
  await setImmediate()
  assert.deepEqual([begun.length, queue.ahead], [2, 2])
  for (const name of names) await end(name)
  await Promise.all(ahead)
  assert.deepEqual(begun, names)
})

const MIB = 2 ** 20

test('a job waits while a running one holds one of its files', async () => {
  const { begun, add, end } = open(Queue, { limit: 10 })
  void add('ab', { files: new Set('ab') })
  void add('bc', { files: new Set('bc') })
  void add('c', { files: new Set('c') })
  void add('ca', { files: new Set('ca') })
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
  const { begun, add } = open(Queue, { limit: 10 })
  for (const name of ['a 1', 'a 2', 'b']) {
    void add(name, { client: 'x', files: new Set(name.slice(0, 1)) })
  }
  await setImmediate()
  assert.deepEqual(begun, ['a 1', 'b'])
})

test('a large job still holds its file after a small one that did not wait for it', async () => {
  const { begun, add, end } = open(Queue, { limit: 10 })
  const files = new Set('a')
  void add('large', { size: 4096 * MIB, files })
  void add('small', { size: MIB, files })
  await setImmediate()
  assert.deepEqual(begun, ['large', 'small'])
  await end('small')
  void add('another', { size: 4096 * MIB, files })
  await setImmediate()
  assert.deepEqual(begun, ['large', 'small'])
  await end('large')
  assert.deepEqual(begun, ['large', 'small', 'another'])
})

test('a job that waits for the readers of its files is as far as they are', () => {
  const { queue } = open(Queue)
  const of = { size: 100, client: null, files: new Set('a') }
  const [first, second] = [new QueuedJob(of), new QueuedJob({ ...of, size: 60 })]
  assert.equal(queue.enter(first), null)
  assert.notEqual(queue.enter(second), null)
  queue.note(first, 70)
  assert.deepEqual([first.reached?.done, second.reached?.done], [70, 30])
  assert.equal(second.done, null)
})

test('a job that waits for a file and is no longer wanted leaves, and holds nothing', async () => {
  const { queue, begun, add, end } = open(Queue)
  const gone = new AbortController()
  const files = new Set('a')
  void add('first', { files })
  const left = add('second', { files, client: 'x', signal: gone.signal })
  void add('third', { files })
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(left, refused('busy', /gone/))
  assert.equal(queue.length, 1)
  await end('first')
  assert.deepEqual(begun, ['first', 'third'])
})
