import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeFailure } from '../../src/text/network-failure.js'

async function failureOf(url: string): Promise<unknown> {
  return fetch(url).then(
    () => assert.fail('answered'),
    (error: unknown) => error,
  )
}

test('a fetch that fails is told of in words', async () => {
  assert.equal(
    describeFailure(await failureOf('http://127.0.0.1:2/'), 1000),
    'nothing listens there',
  )
  const badPort = 'this port is blocked for HTTP; choose another'
  assert.equal(describeFailure(await failureOf('http://127.0.0.1:1/'), 1000), badPort)
})

test('a time-out says how long it was', () => {
  const error = new DOMException('late', 'TimeoutError')
  assert.equal(describeFailure(error, 60_000), 'no answer within 60 seconds')
})

test('what has no words of its own is told as it is', () => {
  assert.equal(describeFailure(new Error('odd'), 1000), 'odd')
})
