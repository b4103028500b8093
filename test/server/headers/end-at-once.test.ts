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

/** A server whose answers end at once, and a connection to it. */
async function ask(t: TestContext, body: string | Uint8Array, requests: string) {
  const server = createServer({ ServerResponse: CountedResponse }, (_request, response) => {
    response.writeHead(200, { 'Content-Length': body.length })
    response.endAtOnce(body)
  })
  const client = connect(await listenLocally(t, server), '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  client.write(requests)
  return { client, socket }
}

const request = (method: string, header = '') => `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n`
const LAST = request('GET', 'Connection: close\r\n')

for (const [what, body] of [
  ['a short string', BYTES.toString('latin1', 0, 200)],
  ['a string of a megabyte', BYTES.toString('latin1', 0, 1024 * 1024)],
  ['bytes', BYTES.subarray(0, 100_000)],
] as const) {
  test(`answers that end with ${what} are whole, and the connection is used again`, async (t) => {
    const { client } = await ask(t, body, request('GET') + request('GET') + LAST)
    const said = (await buffer(client)).toString('latin1')
    const answers = said.split(/(?=HTTP\/1\.1 200 OK\r\n)/)
    const wanted = typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
    assert.equal(answers.length, 3)
    assert.ok(answers.every((answer) => answer.endsWith(`\r\n\r\n${wanted}`)))
  })

  test(`answers that end with ${what} have no body for HEAD`, async (t) => {
    const { client } = await ask(t, body, request('HEAD', 'Connection: close\r\n'))
    const said = (await buffer(client)).toString('latin1')
    assert.match(said, new RegExp(`Content-Length: ${body.length}\r\n[^]*\r\n\r\n$`))
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

test('a client that reads slowly gets all of it before the connection closes', async (t) => {
  const { client, socket } = await ask(t, BYTES, LAST)
  client.pause()
  await until('more waits than the client takes', () => socket.writableLength > 0)
  const said = await buffer(client)
  assert.ok(said.subarray(-BYTES.length).equals(BYTES))
})
