import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BtkitError, osCodeOf } from '../../src/errors.js'
import { describeFailure } from '../../src/text/network-failure.js'
import { count, formatBytes, formatDuration } from '../../src/text/quantity.js'

for (const [bytes, text] of [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [262_144, '256 KiB'],
  [102_399, '100.0 KiB'],
  [1_048_575, '1.0 MiB'],
  [1_048_576, '1 MiB'],
  [150.4 * 2 ** 20, '150 MiB'],
  [2 ** 40, '1 TiB'],
  [2 ** 53, '8 PiB'],
  [2 ** 71, '2048 EiB'],
] as const) {
  test(`${bytes} bytes are ${text}`, () => {
    assert.equal(formatBytes(bytes), text)
  })
}

for (const [seconds, text] of [
  [0, '0:00'],
  [0.2, '0:01'],
  [7, '0:07'],
  [59.5, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [360_000, '100:00:00'],
] as const) {
  test(`${seconds} seconds are ${text}`, () => {
    assert.equal(formatDuration(seconds), text)
  })
}

test('one file, two files, no files', () => {
  assert.deepEqual(
    [count(1, 'file'), count(2, 'file'), count(0, 'file')],
    ['1 file', '2 files', '0 files'],
  )
})

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

test('a failed system call has a code, any other error has none', () => {
  assert.throws(
    () => readFileSync('/no/such/file'),
    (error) => osCodeOf(error) === 'ENOENT',
  )
  assert.throws(
    () => readFileSync(Symbol('not a path') as unknown as string),
    (error) => osCodeOf(error) === undefined,
  )
  assert.equal(osCodeOf(new BtkitError('io', 'x: y')), undefined)
  assert.equal(osCodeOf('ENOENT'), undefined)
})
