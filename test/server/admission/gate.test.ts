import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Gate } from '../../../src/server/admission/gate.js'
import { NotReady } from '../../../src/server/headers/refusal.js'
import { refused } from '../../mirror/refused.js'

/** A gate with acts that end when the test says so. */
function open(limits: Partial<ConstructorParameters<typeof Gate>[0]> = {}) {
  const gate = new Gate({ limit: 2, maxWaiting: 100, maxPerClient: 100, ...limits })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (name: string, client: string | null = null, signal?: AbortSignal) => {
    const act = gate.run({ client, signal }, () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    })
    act.catch(() => undefined)
    return act
  }
  const end = async (name: string) => {
    ends.get(name)?.()
    await setImmediate()
  }
  return { gate, begun, add, end }
}

test('a few acts run at once, the others wait', async () => {
  const { gate, begun, add, end } = open()
  for (const name of ['a', 'b', 'c']) void add(name)
  assert.deepEqual([begun, gate.running, gate.length], [['a', 'b'], 2, 1])
  await end('a')
  assert.deepEqual([begun, gate.running, gate.length], [['a', 'b', 'c'], 2, 0])
})

test('a client whose acts take long leaves a place to others', async () => {
  const { begun, add, end } = open({ limit: 3 })
  for (const name of ['a', 'b', 'c']) void add(name, 'x')
  assert.deepEqual(begun, ['a', 'b'])
  void add('other', 'y')
  assert.deepEqual(begun, ['a', 'b', 'other'])
  await end('a')
  assert.deepEqual(begun, ['a', 'b', 'other', 'c'])
})

test('a client has a limited number of acts, others are not affected', async () => {
  const { begun, add, end } = open({ maxPerClient: 2 })
  for (const name of ['a', 'b']) void add(name, 'x')
  const many = /^2 requests of yours, the most of one client, .*; send fewer at once/
  await assert.rejects(add('c', 'x'), refused('throttled', many))
  void add('d', 'y')
  await end('a')
  void add('e', 'x')
  assert.deepEqual(begun, ['a', 'd', 'b'])
})

test('beyond the limit, the newest act of the client with most gives way', async () => {
  const { gate, begun, add, end } = open({ limit: 1, maxWaiting: 3 })
  const acts = ['a', 'b', 'c', 'd'].map((name) => add(name, 'x'))
  void add('other', 'y')
  await assert.rejects(acts[3] ?? Promise.resolve(), refused('busy', /the server is busy/))
  await assert.rejects(add('e', 'x'), refused('busy', /the server is busy/))
  assert.equal(gate.length, 3)
  for (const name of ['a', 'b', 'other']) await end(name)
  assert.deepEqual(begun, ['a', 'b', 'other', 'c'])
})

test('a client with many acts does not delay another one', async () => {
  const { begun, add, end } = open({ limit: 1 })
  for (let n = 1; n <= 50; n++) void add(`many ${n}`, 'many')
  for (let n = 1; n <= 2; n++) void add(`few ${n}`, 'few')
  for (let n = 0; n < 4; n++) await end(begun.at(-1) ?? '')
  assert.deepEqual(begun, ['many 1', 'many 2', 'few 1', 'many 3', 'few 2'])
})

test('an act that nobody wants any more leaves, and a failed one makes place', async () => {
  const { gate, begun, add } = open({ limit: 1 })
  const failing = gate.run({ client: 'x' }, async () => {
    await setImmediate()
    throw new Error('broken')
  })
  const gone = new AbortController()
  const act = add('b', 'x', gone.signal)
  void add('c', 'x')
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(act, refused('busy', /gone/))
  await assert.rejects(failing, /broken/)
  await setImmediate()
  assert.deepEqual([begun, gate.running, gate.length], [['c'], 1, 0])
})
