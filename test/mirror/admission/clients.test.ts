import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clients, type ClientLimits } from '../../../src/mirror/admission/clients.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { refused } from '../refused.js'

const SECOND = 1000

/** Clients, and a clock that goes on when it is told to. */
class Crowd {
  now = 0
  readonly clients: Clients

  constructor(limits: Partial<ClientLimits> = {}) {
    this.clients = new Clients({ maxPerClient: 2, rateLimit: 0, ...limits }, () => this.now)
  }

  /** Has a client begin and end so many large works. */
  do(client: string | null, count: number): void {
    for (let i = 0; i < count; i++) this.clients.begin(client, true)()
  }
}

const tooMany = refused('throttled', /too many requests under way/)
const tooFast = refused('throttled', /too fast/)

test('a client has as many works under way as it may, and others have theirs', () => {
  const { clients } = new Crowd()
  const ends = [clients.begin('a', false), clients.begin('a', true)]
  assert.throws(() => clients.begin('a', false), tooMany)
  clients.begin('b', false)
  ends[0]!()
  clients.begin('a', false)
  assert.throws(() => clients.begin('a', false), tooMany)
})

test('a client begins large works only so fast', () => {
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

test('who is too fast is told when to come again, and then may', () => {
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

test('small works are not counted by the minute, nor is anything without a limit', () => {
  const crowd = new Crowd({ rateLimit: 1 })
  assert.doesNotThrow(() => {
    for (let i = 0; i < 100; i++) crowd.clients.begin('a', false)()
    new Crowd({ rateLimit: 0 }).do('a', 10_000)
  })
})

test('who is not known is not limited', () => {
  const crowd = new Crowd({ rateLimit: 1 })
  assert.doesNotThrow(() => {
    crowd.do(null, 100)
    for (let i = 0; i < 100; i++) crowd.clients.begin(null, true)
  })
})
