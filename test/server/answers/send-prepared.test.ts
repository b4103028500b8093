import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import {
  renderHeader,
  sendAnew,
  sendPrepared,
  sendRendered,
} from '../../../src/server/answers/send-prepared.js'
import { parseAnswers, rawRequest } from '../../mirror/hostile/raw.js'

const ANSWER = {
  headers: { 'Content-Type': 'text/plain', 'Content-Length': '5', ETag: '"tag"' },
  body: Buffer.from('12345'),
}

const KEEP_ALIVE = 7

/** What a client gets that asks twice on one connection, when answers are sent in that way. */
async function answersBy(t: TestContext, send: typeof sendPrepared) {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE * 1000 }, (request, response) => {
    if (request.headers.connection === 'close') response.writeHead(200, ANSWER.headers).end('12345')
    else send(response, renderHeader(ANSWER.headers, KEEP_ALIVE, Date.now()), ANSWER)
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const plain = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const last = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  return parseAnswers(await rawRequest(port, `${plain}${plain}${last}`))
}

for (const [how, send] of [
  ['a header rendered before', sendRendered],
  ['one that Node renders', sendAnew],
  ['whichever this Node can', sendPrepared],
] as const) {
  test(`answers with ${how} are whole, and the connection stays open`, async (t) => {
    const answers = await answersBy(t, send)
    assert.equal(answers.length, 3)
    for (const { status, headers, body } of answers.slice(0, 2)) {
      assert.deepEqual([status, body], [200, '12345'])
      assert.equal(headers.get('content-type'), 'text/plain')
      assert.equal(headers.get('etag'), '"tag"')
      assert.equal(headers.get('connection'), 'keep-alive')
      assert.equal(headers.get('keep-alive'), `timeout=${KEEP_ALIVE}`)
      assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 60_000)
    }
  })
}

test('both ways say the same', async (t) => {
  const [rendered, anew] = [await answersBy(t, sendRendered), await answersBy(t, sendAnew)]
  const names = (answer: (typeof anew)[number] | undefined) => [...(answer?.headers.keys() ?? [])]
  assert.deepEqual(names(rendered[0]).sort(), names(anew[0]).sort())
})

test('the header says what time it is', () => {
  const header = renderHeader({ 'X-A': 'b' }, 5, Date.UTC(2023, 10, 14, 22, 13, 20, 999))
  assert.deepEqual(header.split('\r\n'), [
    'HTTP/1.1 200 OK',
    'X-A: b',
    'Date: Tue, 14 Nov 2023 22:13:20 GMT',
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    '',
    '',
  ])
})
