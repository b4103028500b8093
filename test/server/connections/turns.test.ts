import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FairQueue } from '../../../src/server/connections/fair-queue.js'
import {
  beginInTurn,
  inTurn,
  leaveTurns,
  mayBegin,
  noteAsked,
} from '../../../src/server/connections/turns.js'
import { until } from '../../support/until.js'

/** Stops the clock by which turns are counted, and returns a function that moves it on. */
function stopClock(t: TestContext): (milliseconds: number) => void {
  const [seconds, nanoseconds] = process.hrtime()
  let now = 1000 * seconds + nanoseconds / 1e6
  t.mock.method(process, 'hrtime', () => [now / 1000, 0])
  return (milliseconds) => {
    now += milliseconds
  }
}

/** The order in which acts of these clients are done. */
function orderOf(clients: readonly (string | null | undefined)[]): Promise<number[]> {
  const done: number[] = []
  return new Promise((resolve) => {
    for (const [n, client] of clients.entries()) {
      inTurn(() => {
        done.push(n)
        if (done.length === clients.length) resolve(done)
      }, client)
    }
  })
}

test('clients have turns, and each its acts in their order', async (t) => {
  stopClock(t)
  const clients = ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3']
  assert.deepEqual(await orderOf(clients), [0, 3, 5, 1, 4, 2])
})

test('all acts without a client have the turns of one', async (t) => {
  stopClock(t)
  const order = await orderOf([null, undefined, undefined, '192.0.2.4'])
  assert.ok(order.indexOf(3) <= 1, order.join(' '))
})

test('the clients of an IPv6 network have the turns of one', async (t) => {
  stopClock(t)
  const clients = ['2001:db8:1:1::/64', '2001:db8:1:2::/64', '2001:db8:1:1::/64', '192.0.2.5']
  assert.deepEqual(await orderOf(clients), [0, 3, 1, 2])
})

test('whoever has had least work lately is first', async (t) => {
  const pass = stopClock(t)
  const done: string[] = []
  const act = (name: string, milliseconds: number) => {
    inTurn(
      () => {
        done.push(name)
        pass(milliseconds)
      },
      `198.51.100.${name.slice(0, 1)}`,
    )
  }
  for (const name of ['1a', '1b', '2a', '2b', '3a']) act(name, name === '1a' ? 1 : 0)
  await until('all are done', () => done.length === 5)
  assert.deepEqual(done, ['1a', '2a', '3a', '2b', '1b'])
  // A second later it counts for half
  pass(20_000)
  for (const name of ['2c', '1c', '1d']) act(name, name === '2c' ? 1 : 0)
  await until('all are done', () => done.length === 8)
  assert.deepEqual(done.slice(5), ['2c', '1c', '1d'])
})

test('a few requests of a client begin in each round, however many others ask for', async (t) => {
  stopClock(t)
  const begin = (client: string, count: number) => {
    return Array.from({ length: count }, () => {
      noteAsked(client)
      return mayBegin(client)
    })
  }
  assert.equal(begin('203.0.113.1', 20).filter(Boolean).length, 8)
  assert.equal(begin('203.0.113.2', 3).filter(Boolean).length, 3)
  await setImmediate()
  assert.equal(begin('203.0.113.1', 20).filter(Boolean).length, 8)
})

test('a few of the requests of a client that wait begin in each round', async (t) => {
  stopClock(t)
  let begun = ''
  const begin = (name: string) => {
    beginInTurn(() => (begun += name), `203.0.113.${name}`)
  }
  for (const name of 'aaaaaaaaaab') begin(name)
  assert.equal(mayBegin('203.0.113.a'), false)
  await setImmediate()
  assert.equal(begun, 'aaaaaaaab')
  await setImmediate()
  noteAsked('203.0.113.c', 1000 * 512)
  begin('c')
  await setImmediate()
  assert.equal(begun, 'aaaaaaaabaac')
})

test('of what a network asked for, half counts after a second', (t) => {
  const pass = stopClock(t)
  const client = '203.0.113.4'
  // Whoever asked for 256 requests is no longer answered first
  noteAsked(client, 600 * 512)
  const begun = () => Array.from({ length: 20 }, () => mayBegin(client)).filter(Boolean).length
  pass(1000)
  assert.equal(begun(), 20)
  pass(500)
  assert.equal(begun(), 8)
})

test('a request that is taken back does not begin', async () => {
  const act = () => assert.fail('it was taken back')
  for (const asked of [1, 1000]) {
    noteAsked('203.0.113.3', asked * 512)
    beginInTurn(act, '203.0.113.3')
    leaveTurns(act, '203.0.113.3')
  }
  assert.deepEqual(await orderOf(['192.0.2.1']), [0])
})

test('a comer gets the place of the newest of those that have most', () => {
  const queue = new FairQueue<string>()
  for (const n of [1, 2, 3]) queue.add('198.51.100.51', `a${n}`)
  assert.equal(queue.dropFor('198.51.100.51'), undefined)
  assert.equal(queue.dropFor('198.51.100.52'), 'a3')
  queue.add('198.51.100.52', 'b1')
  assert.equal(queue.dropFor('198.51.100.52'), undefined)
  assert.deepEqual(
    [queue.next(), queue.next(), queue.next(), queue.next()],
    ['a1', 'b1', 'a2', undefined],
  )
  assert.equal(queue.size, 0)
})
