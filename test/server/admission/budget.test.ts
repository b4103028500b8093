import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { refused } from '../../mirror/refused.js'
import { Budget, MemoryPool } from '../../../src/server/admission/memory.js'
import { Requester } from '../../../src/server/admission/requester.js'
import { NotReady } from '../../../src/server/headers/refusal.js'

const LIMITS = { steps: 100, names: 10, bytes: 1000 }
const never = new AbortController().signal

test('a slice ends after a millisecond, and the next one begins', async (t) => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  const budget = new Budget(LIMITS, { signal: never })
  now += 0.5
  assert.equal(budget.isSliceOver(), false)
  now += 20
  assert.equal(budget.isSliceOver(), true)
  await budget.nextSlice()
  assert.equal(budget.isSliceOver(), false)
})

test('work that nobody wants any more ends before its next slice', async () => {
  const gone = new AbortController()
  const budget = new Budget(LIMITS, { signal: gone.signal })
  await budget.nextSlice()
  const waiting = budget.nextSlice()
  gone.abort(new NotReady('the client has gone', 1))
  await assert.rejects(waiting, refused('busy', /has gone/))
  await assert.rejects(budget.nextSlice(), refused('busy', /has gone/))
})

test('what long works do in their turns is counted, so that others have theirs between', async () => {
  const seen: string[] = []
  const work = async (name: string) => {
    const budget = new Budget(LIMITS, { signal: never, client: name })
    for (let i = 0; i < 2; i++) {
      await budget.nextSlice()
      seen.push(name)
      const end = process.cpuUsage().user + 6000
      while (process.cpuUsage().user < end);
    }
  }
  const turns = async () => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push('-')
    }
  }
  await Promise.all([turns(), work('a'), work('b')])
  assert.doesNotMatch(seen.join(''), /[ab]{2}/)
  const works = seen.filter((each) => each !== '-')
  assert.deepEqual([works.length, new Set(works.slice(0, 2)).size], [4, 2])
})

test('a client waits for one work of another, however many that has', async () => {
  const seen: string[] = []
  const work = async (client: string) => {
    await new Budget(LIMITS, { signal: never, client }).nextSlice()
    seen.push(client)
  }
  const many = Array.from({ length: 1000 }, () => work('192.0.2.8'))
  await Promise.all([...many, work('192.0.2.9')])
  assert.ok(seen.indexOf('192.0.2.9') <= 1, `${seen.indexOf('192.0.2.9')}`)
})

test('an account gives its bytes back when it is closed, and takes no more', () => {
  const pool = new MemoryPool({ bytes: 200, bytesPerClient: 50 })
  const account = pool.open('a')
  // The first 16 KiB are free
  account.take(16 * 1024 + 50)
  assert.throws(account.take.bind(account, 1), refused('throttled', /your requests/))
  assert.equal(pool.taken, 50)
  account.close()
  account.take(1024 * 1024)
  assert.equal(pool.taken, 0)
})

test('a client that leaves gives back its memory, and its work ends', () => {
  const pool = new MemoryPool({ bytes: 200, bytesPerClient: 50 })
  const requesterOf = (accept: string, closed = false) => {
    const raw = Object.assign(new EventEmitter(), { closed })
    const reply = { raw, request: { raw: { method: 'GET', headers: { accept } } } }
    const options = { clientAddresses: { keyOf: () => 'a' }, limits: { wait: 5000 } }
    return { raw, requester: new Requester(reply as never, { options, memory: pool }) }
  }
  const { raw, requester } = requesterOf('text/html')
  requester.memory.take(16 * 1024 + 40)
  const { signal } = requester
  assert.deepEqual([pool.taken, signal.aborted], [40, false])
  raw.emit('close')
  assert.deepEqual([pool.taken, signal.aborted], [0, true])
  assert.equal(requesterOf('*/*', true).requester.signal.aborted, true)
  // A browser gets a page that waits
  assert.equal(requester.patience, 1000)
})
