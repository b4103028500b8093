import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ResponseCache } from '../../../src/mirror/kept/response-cache.js'
import { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'
import { singleAddress } from '../app/yum-client.js'
import { parseAnswers, rawRequest } from '../hostile/raw.js'
import { readMetric } from '../read-metric.js'
import { longTest } from '../../support/long.js'
import { listenLocally } from '../../support/listen.js'

const KIB = 1024
const MIB = 1024 * KIB

function requestOf(url: string, host = 'mirror.example'): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { url, headers: { host } })
}

const parts = [Buffer.alloc(300)]
const answer = { parts, length: 300, headers: {}, route: '/*', isCurrent: () => true }

test('a page of a directory is found by its form and whole query, a torrent of it by its view', () => {
  const cache = new ResponseCache()
  const found = (url: string, accept: string) => {
    const request = requestOf(url)
    request.headers.accept = accept
    return cache.recall(request)?.parts === parts
  }
  for (const url of ['/a/?filter=x', '/b/?torrent']) cache.note(requestOf(url), answer)
  assert.ok(found('/a/?filter=x', '*/*') && found('/b/?torrent&x', 'application/json'))
  assert.ok(!found('/a/?filter=x', 'application/json') && !found('/a/', '*/*'))
})

test('addresses count among the bytes that answers take', () => {
  const cache = new ResponseCache()
  const addressOf = (i: number) => `/${String(i).padStart(15 * KIB, 'a')}`
  for (let i = 0; i < 3000; i++) cache.note(requestOf(addressOf(i)), answer)
  // 45 MiB do not fit into 32
  assert.equal(cache.recall(requestOf(addressOf(0))), undefined)
  assert.equal(cache.recall(requestOf(addressOf(2999)))?.parts, parts)
})

test('a request with another query is answered at once', async (t) => {
  const standing = { monotonic: () => 1_000_000 }
  const { now } = new Clock()
  const { port } = await serveMirror(t, { files: { 'a/x': 'x' }, io: { now, ...standing } })
  const address = singleAddress('/a/x')
  const first = await ask(port, address, { headers: { Host: 'm.example' } })
  for (const query of ['?', '?x', `?${'y'.repeat(10 * KIB)}`]) {
    const again = await ask(port, address + query, { headers: { Host: 'm.example' } })
    assert.ok(again.body.equals(first.body))
  }
  const kept = 'btkit_requests_total{route="kept response",code="200"}'
  assert.equal(await readMetric(port, kept), 3)
})

test('a torrent is sent again at once until its file, or what is beside it, changes', async (t) => {
  if (loadNative('openNow') === null) return
  let time = 0
  const io = { now: aheadOfFiles, monotonic: () => (time += 60_000) }
  const { port, root } = await serveMirror(t, { files: { 'a/x': 'x' }, io })
  const get = async () => (await ask(port, '/a/x.torrent')).body
  const first = await get()
  assert.ok((await get()).equals(first) && (await get()).equals(first))
  assert.equal(await readMetric(port, 'btkit_requests_total{route="kept response",code="200"}'), 2)
  writeFileSync(join(root, 'a/x'), 'other')
  const second = await get()
  assert.notDeepEqual(second, first)
  assert.ok((await get()).equals(second))
  writeFileSync(join(root, 'a/x.torrent'), 'a file of its own')
  assert.equal(String(await get()), 'a file of its own')
})

/** The usual handler's answer, which no kept one has. */
const LONG_WAY = 'the long way'

/** A server that keeps its first answer to a request and sends it again if it can. */
async function serve(t: TestContext, { bodyOf = (url: string) => `answer to ${url}` } = {}) {
  const world = { isCurrent: true }
  const responses = new ResponseCache()
  const noted = new Set<string>()
  const options = { requireHostHeader: false, ServerResponse: CountedResponse }
  const server = createServer(options, (request, response) => {
    if (responses.answer(request, response) !== null) return
    const body = Buffer.from(bodyOf(request.url ?? ''))
    const headers = { 'Content-Length': String(body.length), ETag: '"tag"' }
    const kept = { route: '/*', isCurrent: () => world.isCurrent }
    if (!noted.has(request.url ?? '')) {
      responses.note(request, { ...kept, headers, parts: [body], length: body.length })
      noted.add(request.url ?? '')
    }
    request.resume()
    response.setHeader('Content-Length', LONG_WAY.length)
    response.end(LONG_WAY)
  })
  const port = await listenLocally(t, server)
  /** The answer to a request. A second request closes the connection. */
  const ask = async (head: string, body = '') => {
    const last = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const [first] = parseAnswers(await rawRequest(port, `${head}\r\n\r\n${body}${last}`))
    return first!
  }
  return { world, ask }
}

const PLAIN = 'GET /a HTTP/1.1\r\nHost: mirror.example'

test('a repeated request gets the kept answer', async (t) => {
  const { ask } = await serve(t)
  assert.equal((await ask(PLAIN)).body, LONG_WAY)
  for (const fields of ['', '\r\nUser-Agent: x\r\nAccept: */*\r\nAccept-Encoding: gzip']) {
    const { status, body } = await ask(PLAIN + fields)
    assert.deepEqual([status, body], [200, 'answer to /a'])
  }
})

test('HEAD, and a client that has the answer, get it without its body', async (t) => {
  const { ask } = await serve(t)
  await ask(PLAIN)
  const same = await ask(`${PLAIN}\r\nIf-None-Match: W/"tag"`)
  assert.deepEqual([same.status, same.headers.get('etag')], [304, '"tag"'])
  assert.equal((await ask(`${PLAIN}\r\nIf-None-Match: "x"`)).body, 'answer to /a')
  const head = await ask(PLAIN.replace('GET', 'HEAD'))
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '12'])
  for (const { body } of [same, head]) assert.doesNotMatch(body, /answer to/)
})

test('requests with special headers get a new answer', async (t) => {
  const { ask } = await serve(t)
  await ask(PLAIN)
  for (const head of [
    PLAIN.replace('/a', '/b'),
    PLAIN.replace('mirror', 'other'),
    `${PLAIN}\r\nHost: mirror.example`,
    PLAIN.replace('Host: mirror.example', 'X: y'),
    `${PLAIN}\r\nif-match: "x"`,
    `${PLAIN}\r\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT`,
    `${PLAIN}\r\nIf-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT`,
    `${PLAIN}\r\nRange: bytes=0-1`,
    `${PLAIN}\r\nConnection: keep-alive, upgrade`,
    `${PLAIN}\r\nContent-Length: 0`,
    PLAIN.replace('GET', 'POST'),
    // Its connection must be closed
    PLAIN.replace('HTTP/1.1', 'HTTP/1.0'),
  ]) {
    assert.equal((await ask(head)).body, LONG_WAY, head)
  }
  assert.equal((await ask(PLAIN)).body, 'answer to /a')
})

test('every request gets a new answer once the kept one is outdated', async (t) => {
  const { ask, world } = await serve(t)
  await ask(PLAIN)
  world.isCurrent = false
  assert.equal((await ask(PLAIN)).body, LONG_WAY)
  world.isCurrent = true
  assert.equal((await ask(PLAIN)).body, 'answer to /a')
})

test('each answer has the current date', async (t) => {
  const { ask } = await serve(t)
  await ask(PLAIN)
  const { headers } = await ask(PLAIN)
  assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 60_000)
  assert.equal(headers.get('connection'), 'keep-alive')
})

longTest('answers that were not requested lately make room', async (t) => {
  const { ask } = await serve(t, { bodyOf: () => 'x'.repeat(10 * MIB) })
  const address = (n: number) => PLAIN.replace('/a', `/${n}`)
  for (let n = 0; n < 4; n++) await ask(address(n))
  assert.equal((await ask(address(0))).body, LONG_WAY)
  assert.equal((await ask(address(3))).body.length, 10 * MIB)
})
