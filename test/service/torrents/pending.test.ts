import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotReady } from '../../../src/service/refusal.js'
import {
  waitFor,
  type PendingTorrent,
  type WaitLimit,
} from '../../../src/service/torrents/pending.js'

/** Work that ends when it is told to. */
function begin() {
  let land: (value: string) => void = () => undefined
  let crash: (error: Error) => void = () => undefined
  const promise = new Promise<string>((resolve, reject) => {
    land = resolve
    crash = reject
  })
  const flight: PendingTorrent<string> = { promise, waiters: 0, bytesDone: null }
  return { flight, land, crash }
}

/** A client that waits, until it goes away if it does. */
class Client implements WaitLimit {
  readonly milliseconds = 60_000
  goAway: () => void = () => undefined

  readonly onGone = (act: () => void): void => {
    this.goAway = act
  }
}

const hasty: WaitLimit = { milliseconds: 1, onGone: () => undefined }

function notReady(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof NotReady, String(error))
    assert.equal(error.code, 'busy')
    assert.ok(Number.isInteger(error.retryAfter) && error.retryAfter > 0)
    assert.match(error.message, message)
    return true
  }
}

test('all who wait get the result', async () => {
  const { flight, land } = begin()
  const waits = [waitFor(flight, new Client()), waitFor(flight, new Client())]
  assert.equal(flight.waiters, 2)
  land('done')
  assert.deepEqual(await Promise.all(waits), ['done', 'done'])
  assert.equal(flight.waiters, 0)
})

test('all who wait hear of a failure', async () => {
  const { flight, crash } = begin()
  const waits = [waitFor(flight, new Client()), waitFor(flight, new Client())]
  crash(new Error('broken'))
  for (const wait of waits) await assert.rejects(wait, /broken/)
  assert.equal(flight.waiters, 0)
})

test('when patience ends before hashing began, that is what is said', async () => {
  const { flight } = begin()
  const wait = waitFor(flight, hasty)
  await assert.rejects(wait, notReady(/wait to be hashed/))
  assert.equal(flight.waiters, 0)
})

test('when patience ends while hashing, it is said how far that is', async () => {
  const { flight } = begin()
  flight.bytesDone = 5 * 2 ** 20 + 1
  const wait = waitFor(flight, hasty)
  await assert.rejects(wait, notReady(/5 MiB so far/))
})

test('the work goes on for others when one has lost patience', async () => {
  const { flight, land } = begin()
  const other = waitFor(flight, new Client())
  await assert.rejects(waitFor(flight, hasty), notReady(/again later/))
  assert.equal(flight.waiters, 1)
  land('done')
  assert.equal(await other, 'done')
})

test('a client that went away no longer waits', async () => {
  const { flight } = begin()
  const client = new Client()
  const wait = waitFor(flight, client)
  client.goAway()
  await assert.rejects(wait, notReady(/again later/))
  assert.equal(flight.waiters, 0)
})

test('a client that goes away with its answer is not counted off twice', async () => {
  const { flight, land } = begin()
  const client = new Client()
  const wait = waitFor(flight, client)
  const other = waitFor(flight, new Client())
  client.goAway()
  client.goAway()
  assert.equal(flight.waiters, 1)
  await assert.rejects(wait, notReady(/again later/))
  land('done')
  assert.equal(await other, 'done')
  assert.equal(flight.waiters, 0)
})
