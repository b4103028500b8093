import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { until } from '../../support/until.js'
import { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { listenLocally } from '../../support/listen.js'

/** Every byte there is, and more than a connection takes at once. */
const BYTES = Buffer.alloc(
  16 * 1024 * 1024,
  Uint8Array.from({ length: 256 }, (_, n) => n),
)

/**
 * A server whose answers end at once, behind bytes that are sent before, and a connection to it.
 */
async function ask(t: TestContext, body: string | Uint8Array, requests: string, before = '') {
  const server = createServer({ ServerResponse: CountedResponse }, (_request, response) => {
    response.writeHead(200, { 'Content-Length': before.length + body.length })
    if (before !== '') response.write(before, 'latin1')
    response.endAtOnce(body)
  })
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  client.write(requests)
  return { client, server, socket }
}

const request = (method: string, header = '') => `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n`
const LAST = request('GET', 'Connection: close\r\n')

for (const [what, body] of [
  ['a short string', BYTES.toString('latin1', 0, 200)],
  ['a string of a megabyte', BYTES.toString('latin1', 0, 1024 * 1024)],
  ['bytes', BYTES.subarray(0, 100_000)],
] as const) {
  test(`answers that end with ${what} are whole, have no body for HEAD, and keep the connection`, async (t) => {
    const { client } = await ask(t, body, request('HEAD') + request('GET') + LAST)
    const said = (await buffer(client)).toString('latin1')
    const [head = '', ...answers] = said.split(/(?=HTTP\/1\.1 200 OK\r\n)/)
    const wanted = typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
    assert.match(head, new RegExp(`Content-Length: ${body.length}\r\n[^]*\r\n\r\n$`))
    assert.equal(answers.length, 2)
    assert.ok(answers.every((answer) => answer.endsWith(`\r\n\r\n${wanted}`)))
  })
}

test('a short answer is handed to the system as one piece', async (t) => {
  const { client, socket } = await ask(t, 'short', '')
  const pieces: unknown[] = []
  const write = socket._write.bind(socket)
  t.mock.method(socket, '_write', (...args: Parameters<typeof write>) => {
    pieces.push(args[0])
    write(...args)
  })
  client.write(LAST)
  const said = (await buffer(client)).toString('latin1')
  assert.deepEqual(pieces, [said])
})

for (const [what, body, before] of [
  ['all of a large answer', BYTES, ''],
  ['the end of an answer', BYTES.subarray(0, 99), BYTES.toString('latin1')],
] as const) {
  test(`a client that reads slowly gets ${what} before idle connections are closed`, async (t) => {
    const { client, server, socket } = await ask(t, body, LAST, before)
    client.pause()
    await until('more waits than the client takes', () => socket.writableLength > 0)
    server.closeIdleConnections()
    const said = await buffer(client)
    assert.ok(said.subarray(-body.length).equals(body))
  })
}
