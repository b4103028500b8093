import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { MemoryPool } from '../../../src/server/admission/memory.js'
import { refused } from '../refused.js'
import { Flight, Flights, type Waiter } from '../../../src/mirror/torrents/flights.js'
import { NotReady } from '../../../src/server/headers/refusal.js'

const MEMORY = { bytes: 1000, bytesPerClient: 1000 }

/** Work that ends when the test says so. */
function begin() {
  let land: (value: string) => void = () => undefined
  let crash: (error: Error) => void = () => undefined
  const result = new Promise<string>((resolve, reject) => {
    land = resolve
    crash = reject
  })
  return {
    flight: new Flight(() => result, { client: null }, new MemoryPool(MEMORY)),
    land,
    crash,
  }
}

/** A client that waits until the test lets it leave. */
class Client implements Waiter {
  readonly client = null
  readonly patience = 60_000
  goAway: () => void = () => undefined

  readonly onGone = (act: () => void): void => {
    this.goAway = act
  }
}

const hasty: Waiter = { client: null, patience: 1, onGone: () => undefined }

test('a new request does not wait for work that was abandoned, and is not over', async () => {
  const flights = new Flights<string>(new MemoryPool(MEMORY))
  const first = new Client()
  const abandoned = flights.join('a', first, () => new Promise(() => undefined))
  first.goAway()
  assert.equal(await flights.join('a', new Client(), () => Promise.resolve('done')), 'done')
  await assert.rejects(abandoned)
})

test('the work is abandoned as soon as the last client leaves', () => {
  const { flight } = begin()
  const [first, second] = [new Client(), new Client()]
  const waits = [flight.wait(first), flight.wait(second)]
  for (const wait of waits) wait.catch(() => undefined)
  first.goAway()
  assert.equal(flight.signal.aborted, false)
  second.goAway()
  assert.equal(flight.signal.aborted, true)
  assert.throws(
    () => {
      flight.signal.throwIfAborted()
    },
    refused('busy', /no request waits/),
  )
})

/** A client that waits for a millisecond of the test's clock. */
async function loseTime(t: TestContext, flight: Flight<string>): Promise<number> {
  const wait = flight.wait(hasty)
  t.mock.timers.tick(1)
  return wait.then(
    () => assert.fail(),
    (error: unknown) => (error as NotReady).retryAfter,
  )
}

test('the work goes on for a client that was told to try again, for twice that time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { flight } = begin()
  const retryAfter = await loseTime(t, flight)
  t.mock.timers.tick(2000 * retryAfter - 1)
  assert.equal(flight.signal.aborted, false)
  t.mock.timers.tick(1)
  assert.equal(flight.signal.aborted, true)
})

test('a client that tries again keeps the work going', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { flight } = begin()
  for (let i = 0; i < 5; i++) {
    const retryAfter = await loseTime(t, flight)
    t.mock.timers.tick(1000 * retryAfter)
    assert.equal(flight.signal.aborted, false)
  }
})

test('a leaving client does not affect one that was told to try again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { flight } = begin()
  const client = new Client()
  flight.wait(client).catch(() => undefined)
  const retryAfter = await loseTime(t, flight)
  client.goAway()
  assert.equal(flight.signal.aborted, false)
  t.mock.timers.tick(2000 * retryAfter)
  assert.equal(flight.signal.aborted, true)
})

test('after a success and a failure the work begins again, with all of the memory', async () => {
  const pool = new MemoryPool(MEMORY)
  const flights = new Flights<string>(pool)
  for (const failure of [null, new Error('unreadable'), null]) {
    const made = flights.join('a', new Client(), async ({ memory }) => {
      memory.take(17_000)
      await setImmediate()
      if (failure) throw failure
      return 'done'
    })
    if (failure) await assert.rejects(made, failure)
    else assert.equal(await made, 'done')
    assert.deepEqual([flights.size, pool.taken], [0, 0])
  }
})

test('finished work is not abandoned afterwards', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { flight, land } = begin()
  const retryAfter = await loseTime(t, flight)
  land('done')
  assert.equal(await flight.promise, 'done')
  t.mock.timers.tick(3000 * retryAfter)
  assert.equal(flight.signal.aborted, false)
})

test('a client that leaves with its answer is not counted twice', async () => {
  const { flight, land } = begin()
  const client = new Client()
  const wait = flight.wait(client)
  const other = flight.wait(new Client())
  client.goAway()
  client.goAway()
  assert.equal(flight.signal.aborted, false)
  await assert.rejects(wait, refused('busy', /gone/))
  land('done')
  assert.equal(await other, 'done')
})

test('work ahead gives way to a client, and ends with the service; that of a client goes on', async () => {
  const flights = new Flights<string>(new MemoryPool(MEMORY))
  let begun = 0
  const work = async ({ signal }: Flight<string>) => {
    begun++
    await once(signal, 'abort')
    throw signal.reason
  }
  const ahead: Waiter = { ...hasty, patience: null, ahead: { throttle: undefined } }
  const client = new Client()
  const slow = flights.join('a', ahead, work)
  await setImmediate()
  const own = flights.join('a', client, work)
  await assert.rejects(slow, refused('busy', /somebody who waits/))
  flights.join('a', ahead, work).catch(() => undefined)
  const other = flights.join('b', ahead, work)
  await setImmediate()
  flights.endAhead(new NotReady('stopping', 1))
  await assert.rejects(other, refused('busy', /stopping/))
  await assert.rejects(flights.join('c', ahead, work), refused('busy', /stopping/))
  assert.deepEqual([begun, flights.size], [3, 1])
  client.goAway()
  await assert.rejects(own, refused('busy', /gone/))
})
