import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passedSockets } from '../../../src/server/listen/passed-sockets.js'

test('sockets of another process, or none, are ignored', () => {
  assert.deepEqual(passedSockets({}, 1), [])
  assert.deepEqual(passedSockets({ LISTEN_FDS: '1', LISTEN_PID: '2' }, 1), [])
  assert.deepEqual(passedSockets({ LISTEN_FDS: '0', LISTEN_PID: '1' }, 1), [])
})

test('an impossible number, and a descriptor that is not a socket, are errors', () => {
  for (const count of ['x', '-1', '1.5', '65', '1e9']) {
    const env = { LISTEN_PID: '1', LISTEN_FDS: count }
    assert.throws(() => passedSockets(env, 1), /LISTEN_FDS: not a number of sockets from 0 to 64/)
  }
  // A test has no open descriptor there
  assert.throws(() => passedSockets({ LISTEN_PID: '1', LISTEN_FDS: '64' }, 1), {
    code: 'usage',
    message: /^LISTEN_FDS: descriptor \d+ is /,
  })
})
