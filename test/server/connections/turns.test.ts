import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { FairQueue, inTurn, leaveTurns } from '../../../src/server/connections/turns.js'
import { until } from '../../support/until.js'

/** Stops the clock by which turns are counted, and returns a function that moves it on. */
function stopClock(t: TestContext): (milliseconds: number) => void {
  let now = 0
  t.mock.method(process, 'hrtime', () => [0, now * 1e6])
  return (milliseconds) => {
    now += milliseconds
  }
}

/**
 * The order in which acts of these clients are done; those without a client have turns of their
 * own.
 */
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
  const clients = ['192.0.2.1', '192.0.2.1', '192.0.2.1', null, undefined, undefined, '192.0.2.2']
  assert.deepEqual(await orderOf(clients), [0, 3, 4, 5, 6, 1, 2])
})

test('the clients of an IPv6 network have the turns of one', async (t) => {
  stopClock(t)
  const clients = ['2001:db8:1:1::/64', '2001:db8:1:2::/64', '2001:db8:1:1::/64', '192.0.2.2']
  assert.deepEqual(await orderOf(clients), [0, 3, 1, 2])
})

test('whoever comes while others wait is first, and long work costs turns', async (t) => {
  const pass = stopClock(t)
  const done: string[] = []
  const act = (name: string, milliseconds: number) => {
    inTurn(
      () => {
        done.push(name)
        pass(milliseconds)
        if (name === 'a1') act('d1', 0)
      },
      name.slice(0, 1),
    )
  }
  for (const name of ['a1', 'a2', 'b1', 'b2', 'b3', 'c1']) act(name, name === 'a1' ? 0.25 : 0)
  await until('all are done', () => done.length === 7)
  assert.deepEqual(done, ['a1', 'b1', 'c1', 'd1', 'b2', 'b3', 'a2'])
})

test('an act that is taken back has no turn', async () => {
  const act = () => assert.fail('it was taken back')
  inTurn(act, '192.0.2.1')
  leaveTurns(act, '192.0.2.1')
  assert.deepEqual(await orderOf(['192.0.2.1']), [0])
})

test('a comer gets the place of the newest of those that have most', () => {
  const queue = new FairQueue<string>()
  for (const n of [1, 2, 3]) queue.add('192.0.2.1', `a${n}`)
  assert.equal(queue.dropFor('192.0.2.1'), undefined)
  assert.equal(queue.dropFor('192.0.2.2'), 'a3')
  queue.add('192.0.2.2', 'b1')
  assert.equal(queue.dropFor('192.0.2.2'), undefined)
  assert.deepEqual(
    [queue.next(), queue.next(), queue.next(), queue.next()],
    ['a1', 'b1', 'a2', undefined],
  )
  assert.equal(queue.size, 0)
})
