import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clients, type ClientLimits } from '../../../src/mirror/admission/clients.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { refused } from '../refused.js'

const SECOND = 1000

/** Clients, and a clock that the test controls. */
class Crowd {
  now = 0
  readonly clients: Clients

  constructor(limits: Partial<ClientLimits> = {}) {
    this.clients = new Clients({ maxPerClient: 2, rateLimit: 0, ...limits }, () => this.now)
  }

  /** Begins and ends that many large works of a client. */
  do(client: string | null, count: number): void {
    for (let i = 0; i < count; i++) this.clients.begin(client, true)()
  }
}

const tooMany = refused('throttled', /too many requests of yours are under way/)
const tooFast = refused('throttled', /rate limit exceeded/)

test('a client may have as many works under way as its limit, whatever others have', () => {
  const { clients } = new Crowd()
  const ends = [clients.begin('a', false), clients.begin('a', true)]
  assert.throws(() => clients.begin('a', false), tooMany)
  clients.begin('b', false)
  ends[0]!()
  clients.begin('a', false)
  assert.throws(() => clients.begin('a', false), tooMany)
})

test("the rate of a client's large works is limited", () => {
  const crowd = new Crowd({ rateLimit: 60 })
  crowd.do('a', 60)
  assert.throws(() => {
    crowd.do('a', 1)
  }, tooFast)
  crowd.do('b', 1)
  crowd.now = 3 * SECOND
  crowd.do('a', 3)
  assert.throws(() => {
    crowd.do('a', 1)
  }, tooFast)
  crowd.now = 1000 * SECOND
  crowd.do('a', 60)
  assert.throws(() => {
    crowd.do('a', 1)
  }, tooFast)
})

test('a client that is too fast learns when to try again, and may then', () => {
  const crowd = new Crowd({ rateLimit: 2 })
  crowd.do('a', 2)
  let retryAfter = 0
  assert.throws(
    () => {
      crowd.do('a', 1)
    },
    (error: unknown) => {
      retryAfter = (error as NotReady).retryAfter
      return error instanceof NotReady
    },
  )
  crowd.now = retryAfter * SECOND
  crowd.do('a', 1)
})

test('small works have no rate limit, and a limit of 0 means none', () => {
  const crowd = new Crowd({ rateLimit: 1 })
  assert.doesNotThrow(() => {
    for (let i = 0; i < 100; i++) crowd.clients.begin('a', false)()
    new Crowd({ rateLimit: 0 }).do('a', 10_000)
  })
})

test('an unknown client is not limited', () => {
  const crowd = new Crowd({ rateLimit: 1 })
  assert.doesNotThrow(() => {
    crowd.do(null, 100)
    for (let i = 0; i < 100; i++) crowd.clients.begin(null, true)
  })
})
