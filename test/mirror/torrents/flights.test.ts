import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { MemoryPool } from '../../../src/server/admission/memory.js'
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

function notReady(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof NotReady, String(error))
    assert.equal(error.code, 'busy')
    assert.ok(Number.isInteger(error.retryAfter) && error.retryAfter > 0)
    assert.match(error.message, message)
    return true
  }
}

test('a client that left no longer waits', async () => {
  const { flight } = begin()
  const client = new Client()
  const wait = flight.wait(client)
  client.goAway()
  await assert.rejects(wait, notReady(/gone/))
  assert.equal(flight.signal.aborted, true)
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
    notReady(/no request waits/),
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
  await assert.rejects(wait, notReady(/gone/))
  land('done')
  assert.equal(await other, 'done')
})

/** Work that ends when nobody wants it any more, and the signals of all that began. */
function endless() {
  const seen: AbortSignal[] = []
  const work = ({ signal }: Flight<string>) => {
    seen.push(signal)
    return new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error)
      })
    })
  }
  return { seen, work, flights: new Flights<string>(new MemoryPool(MEMORY)) }
}

const ahead: Waiter = { ...hasty, patience: null, ahead: { throttle: undefined } }

test('when work ahead is ended, none begins, and that of clients goes on', async () => {
  const { seen, work, flights } = endless()
  const wait = flights.join('a', ahead, work)
  const client = new Client()
  const own = flights.join('b', client, work)
  await setImmediate()
  flights.endAhead(new NotReady('stopping', 1))
  await assert.rejects(wait, notReady(/stopping/))
  await assert.rejects(flights.join('c', ahead, work), notReady(/stopping/))
  assert.deepEqual([seen.map(({ aborted }) => aborted), flights.size], [[true, false], 1])
  client.goAway()
  await assert.rejects(own, notReady(/gone/))
})

test('a client has work of its own beside that ahead, and others wait with it', async () => {
  const { seen, work, flights } = endless()
  const slow = flights.join('a', ahead, work)
  await setImmediate()
  assert.equal(flights.size, 0)
  const client = new Client()
  const own = flights.join('a', client, work)
  await assert.rejects(slow, notReady(/somebody who waits/))
  const again = flights.join('a', ahead, work)
  await setImmediate()
  assert.equal(seen.length, 2)
  client.goAway()
  await assert.rejects(own, notReady(/gone/))
  flights.endAhead(new NotReady('stopping', 1))
  assert.equal(flights.size, 1)
  again.catch(() => undefined)
})
