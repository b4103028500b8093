import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { closeOnceWritten } from '../../../src/server/connections/close-written.js'

const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

async function listenWith(t: TestContext, body: string) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': body.length })
    closeOnceWritten(response)
    response.end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const open = (sent: string): Socket => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    t.after(() => client.destroy())
    client.write(sent)
    return client
  }
  return { server, open }
}

test('a client of one request gets the whole answer, and then the end', async (t) => {
  const { open } = await listenWith(t, 'short')
  assert.match(await text(open(LAST)), /\r\n\r\nshort$/)
})

test('an answer that the system accepts in parts is complete, too', async (t) => {
  const body = 'x'.repeat(32 * 1024 * 1024)
  const { open } = await listenWith(t, body)
  const answer = await buffer(open(LAST))
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, body.length)
})

test('closing causes no error on the connection', async (t) => {
  const { server, open } = await listenWith(t, 'short')
  const client = open(LAST)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hadError] = (await once(socket, 'close')) as [boolean]
  assert.equal(hadError, false)
  assert.match(await text(client), /short$/)
})

test('a connection that is kept stays open', async (t) => {
  const { open } = await listenWith(t, 'short')
  const client = open('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(client, 'data')
  client.write(LAST)
  assert.match(await text(client), /short$/)
})
