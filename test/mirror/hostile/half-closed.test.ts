import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { holdHashing } from '../../support/held-hashing.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { readToEnd } from './raw.js'

/** Sends requests, closes its side, and resolves with all that comes. */
function sendAndClose(port: number, paths: readonly string[], ca?: string): Promise<string> {
  const place = { port, host: '127.0.0.1', allowHalfOpen: true }
  const socket = ca === undefined ? connect(place) : connectTls({ ...place, ca })
  socket.end(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`).join(''))
  return readToEnd(socket)
}

for (const isTls of [false, true]) {
  const how = isTls ? 'over TLS' : 'over plain HTTP'
  test(
    `a client that closes its side after its requests is answered ${how}`,
    isTls ? unlessOpenssl : {},
    async (t) => {
      const directory = makeScratch(t)
      const ca = isTls ? plantCertificate(directory, 'mirror.example') : undefined
      const { port, stop } = await serveMirror(t, {
        files: { a: 'a', 'large.iso': 'x'.repeat(3_000_000) },
        args: ['--log', 'text', ...(isTls ? tlsArgs(directory) : [])],
      })
      assert.match(await sendAndClose(port, ['/-/health'], ca), /^HTTP\/1.1 200 /)
      assert.match(await sendAndClose(port, ['/a.torrent'], ca), /^HTTP\/1.1 200 /)
      const answer = await sendAndClose(port, ['/large.iso'], ca)
      assert.ok(answer.endsWith('x'.repeat(3_000_000)))
      const three = await sendAndClose(port, ['/a', '/a.torrent', '/nothing'], ca)
      const statuses = three.match(/HTTP\/1.1 \d+/g)
      assert.deepEqual(statuses, ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
      const { stdout } = await stop()
      assert.ok(!stdout.includes(' 499 '), stdout)
    },
  )
}

test('work that a client left behind ends, though it may only have closed its side', async (t) => {
  const hashing = holdHashing(t)
  const { port } = await serveMirror(t, { files: { a: 'a' } })
  await sendAndClose(port, ['/a.torrent'])
  await until('the work ends', () => hashing.abandoned() === 1)
})
