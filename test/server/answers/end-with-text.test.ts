import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import {
  endApart,
  endJoined,
  endWithHead,
  endWithText,
} from '../../../src/server/answers/end-with-text.js'
import { TextHeads } from '../../../src/server/answers/text-heads.js'

/** Every byte there is, and more than Node takes at once. */
const BODY = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n & 0xff)).toString('latin1')

/** All that comes back on a connection. */
async function answersTo(t: TestContext, send: typeof endWithText, requests: string) {
  const server = createServer((_request, response) => {
    send(response, BODY)
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.write(requests)
  return (await buffer(socket)).toString('latin1').replaceAll(/Date: .*/g, 'Date: then')
}

/** Ends an answer whose header says its length. */
function withHead(end: typeof endWithText): typeof endWithText {
  return (response, body) => {
    response.writeHead(200, { 'Content-Length': body.length })
    end(response, body)
  }
}

const request = (method: string, header = '') => `${method} / HTTP/1.1\r\nHost: x\r\n${header}\r\n`
const LAST = request('GET', 'Connection: close\r\n')

for (const [how, send] of [
  ['as one string', withHead(endJoined)],
  ['as Node does', withHead(endApart)],
  ['in whichever way this Node can', withHead(endWithText)],
] as const) {
  test(`answers that end ${how} are whole, and the connection is used again`, async (t) => {
    const said = await answersTo(t, send, request('GET') + request('GET') + LAST)
    const answers = said.split(/(?=HTTP\/1\.1 200 OK\r\n)/)
    assert.equal(answers.length, 3)
    assert.ok(answers.every((answer) => answer.endsWith(`\r\n\r\n${BODY}`)))
  })

  test(`answers that end ${how} have no body for HEAD`, async (t) => {
    const said = await answersTo(t, send, request('HEAD') + LAST)
    const [head = '', whole = ''] = said.split(/(?=HTTP\/1\.1 200 OK\r\n)/)
    assert.match(head, /Content-Length: 100000\r\n/)
    assert.ok(head.endsWith('\r\n\r\n'))
    assert.ok(whole.endsWith(`\r\n\r\n${BODY}`))
  })
}

test('a head that is rendered before is what Node would send', async (t) => {
  const fields = ['X-Field: a', 'Y-Field: b']
  const heads = new TextHeads({ fields, keepAliveSeconds: 5, now: Date.now })
  const endByNode: typeof endWithText = (response, body) => {
    response.setHeader('X-Field', 'a').setHeader('Y-Field', 'b')
    withHead(endApart)(response, body)
  }
  const endHeaded: typeof endWithText = (response, body) => {
    if (!endWithHead(response, heads.of(body.length), body)) endByNode(response, body)
  }
  const requests = request('HEAD') + request('GET') + LAST
  const [headed, byNode] = [
    await answersTo(t, endHeaded, requests),
    await answersTo(t, endByNode, requests),
  ]
  assert.deepEqual(headed.split('\r\n').sort(), byNode.split('\r\n').sort())
})

test('both ways say the same', async (t) => {
  for (const header of ['', 'Connection: close\r\n']) {
    const requests = request('GET', header) + (header === '' ? LAST : '')
    const joined = await answersTo(t, withHead(endJoined), requests)
    assert.equal(joined, await answersTo(t, withHead(endApart), requests))
  }
})
