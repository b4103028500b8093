import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { FastifyReply } from 'fastify'
import { MemoryPool } from '../../../src/mirror/admission/memory-pool.js'
import { Requester } from '../../../src/mirror/requests/requester.js'

/** The client of a request to a server, with its response and its memory. */
async function askServer(t: TestContext) {
  const server = createServer()
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => client.destroy())
  client.write('GET / HTTP/1.1\r\nHost: mirror.example\r\n\r\n')
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  const pool = new MemoryPool({ bytes: 1e6, bytesPerClient: 1e6 })
  const reply = { raw: response } as unknown as FastifyReply
  const requester = new Requester({ reply, pool, client: 'a', patience: 1000 })
  return { client, response, requester, pool }
}

test("actions for a client's leaving run when it leaves", async (t) => {
  const { client, response, requester } = await askServer(t)
  let calls = 0
  requester.onGone(() => calls++)
  assert.equal(calls, 0)
  client.destroy()
  await once(response, 'close')
  assert.equal(calls, 1)
})

test("actions for a client's leaving run at once if it has left", async (t) => {
  const { client, response, requester } = await askServer(t)
  client.destroy()
  await once(response, 'close')
  let calls = 0
  requester.onGone(() => calls++)
  assert.equal(calls, 1)
})

test('a client that has left has an aborted signal and no memory', async (t) => {
  const { client, response, requester, pool } = await askServer(t)
  client.destroy()
  await once(response, 'close')
  assert.equal(requester.signal.aborted, true)
  requester.memory.take(100_000)
  assert.equal(pool.taken, 0)
})
