import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { callHttp } from '../../src/clients/http-call.js'

const MIB = 2 ** 20

async function answerOf(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { signal } = new AbortController()
  return callHttp({ url }, { label: 'Deluge', timeoutMs: 600_000, signal })
}

test('a packed answer of a client is unpacked', async (t) => {
  const answer = await answerOf(t, (_, response) => {
    response.setHeader('Content-Encoding', 'gzip').end(gzipSync('{"result":1}'))
  })
  assert.equal(answer.text, '{"result":1}')
})

test('an answer that unpacks to very much is refused, not parsed', async (t) => {
  const packed = gzipSync(Buffer.alloc(40 * MIB, '{},'))
  const refused = answerOf(t, (_, response) => {
    response.setHeader('Content-Encoding', 'gzip').end(packed)
  })
  await assert.rejects(refused, { code: 'client', message: /Deluge: .*longer than 32 MiB/ })
})

test('a plain answer of more than 64 MiB is refused', async (t) => {
  const refused = answerOf(t, (_, response) => response.end(Buffer.alloc(64 * MIB + 1)))
  await assert.rejects(refused, { code: 'client', message: /Deluge: .*longer than 64 MiB/ })
})
