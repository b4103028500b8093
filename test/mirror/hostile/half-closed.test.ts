import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { readToEnd } from './raw.js'

/** Sends requests, closes its side, and resolves with all that comes. */
function sendAndClose(port: number, paths: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`).join(''))
  return readToEnd(socket)
}

test('a client that closes its side after its requests is answered', async (t) => {
  const { port, stop } = await serveMirror(t, {
    files: { a: 'a', 'large.iso': 'x'.repeat(3_000_000) },
    args: ['--log', 'text'],
  })
  assert.match(await sendAndClose(port, ['/-/health']), /^HTTP\/1.1 200 /)
  assert.match(await sendAndClose(port, ['/a.torrent']), /^HTTP\/1.1 200 /)
  const answer = await sendAndClose(port, ['/large.iso'])
  assert.ok(answer.endsWith('x'.repeat(3_000_000)))
  const three = await sendAndClose(port, ['/a', '/a.torrent', '/nothing'])
  assert.deepEqual(three.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
  const { stdout } = await stop()
  assert.ok(!stdout.includes(' 499 '), stdout)
})

test('work that a client left behind ends, though it may only have closed its side', async (t) => {
  const hashing = holdHashing(t)
  const { port } = await serveMirror(t, { files: { a: 'a' } })
  await sendAndClose(port, ['/a.torrent'])
  await until('the work ends', () => hashing.abandoned() === 1)
})
