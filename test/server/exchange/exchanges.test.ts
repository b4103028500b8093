import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type FixedLimits, serveMirror, type ServedMirror } from '../../support/serve.js'
import { holdHashing } from '../../support/held-hashing.js'
import { until } from '../../support/until.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { ask } from '../../mirror/ask.js'
import { readToEnd, rawRequest, requestText } from '../../mirror/hostile/raw.js'
import { SINGLE } from '../../mirror/hostile/siege.js'
import { longTest } from '../../support/long.js'

const MIB = 2 ** 20

interface Entry {
  readonly client: string
  readonly method: string
  readonly url: string
  readonly status: number
  readonly bytes: number
  readonly milliseconds: number
  readonly complete: boolean
}

/** Serves a file of 64 MiB, with a log in JSON. */
function serve(
  t: TestContext,
  args: readonly string[] = [],
  limits: FixedLimits = {},
): Promise<ServedMirror> {
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  plantSparse(root, 'yum/large', 64 * MIB)
  return serveMirror(t, { root, args: ['--log', 'json', ...args], limits })
}

/** The log's entries, once it has that many. */
async function entries({ stderr }: ServedMirror, count: number): Promise<Entry[]> {
  const lines = () => stderr.text.split('\n').slice(0, -1)
  await until(`${count} entries`, () => lines().length >= count)
  return lines().map((line) => JSON.parse(line) as Entry)
}

async function metricsOf({ address }: ServedMirror): Promise<string> {
  return (await fetch(`${address}/-/metrics`)).text()
}

test('a client that leaves before its answer is logged as 499', async (t) => {
  const hashing = holdHashing(t)
  const mirror = await serve(t)
  const socket = connect(mirror.port, '127.0.0.1')
  socket.write(requestText(`GET ${SINGLE}/yum/large`))
  await until('about to be hashed', () => hashing.asked().length > 0)
  socket.destroy()
  await until('told', () => mirror.stderr.text.includes('"status":499'))
  const entry = (await entries(mirror, 1)).find(({ status }) => status === 499)
  assert.deepEqual([entry?.status, entry?.bytes, entry?.complete], [499, 0, false])
  assert.deepEqual([entry?.url, entry?.client], [`${SINGLE}/yum/large`, '127.0.0.1'])
  const metrics = await metricsOf(mirror)
  assert.match(metrics, /^btkit_requests_total\{route="[^"]*single\/\*",code="499"\} 1$/m)
  assert.match(metrics, /^btkit_requests_aborted_total 1$/m)
})

test('an interrupted download is logged with the bytes that were sent', async (t) => {
  const mirror = await serve(t)
  const socket = connect(mirror.port, '127.0.0.1')
  socket.write(requestText('GET /yum/large'))
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > 8 * MIB) socket.pause()
  })
  await until('so much has come', () => received > 8 * MIB)
  socket.destroy()
  const [entry] = await entries(mirror, 1)
  assert.deepEqual([entry?.status, entry?.complete], [200, false])
  assert.ok(entry!.bytes > 8 * MIB - 64 * 1024 && entry!.bytes < 64 * MIB, String(entry?.bytes))
  const metrics = await metricsOf(mirror)
  assert.match(metrics, new RegExp(`^btkit_sent_bytes_total ${entry!.bytes}$`, 'm'))
  assert.match(metrics, /^btkit_requests_aborted_total 1$/m)
})

test('a download of a file that became shorter is logged as incomplete', async (t) => {
  const mirror = await serve(t)
  const socket = connect(mirror.port, '127.0.0.1')
  socket.write(requestText('GET /yum/large'))
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received <= 4 * MIB) return
    truncateSync(join(mirror.root, 'yum/large'), 4 * MIB)
  })
  await once(socket, 'close')
  const [entry] = await entries(mirror, 1)
  assert.deepEqual([entry?.status, entry?.complete], [200, false])
  const missing = received - entry!.bytes
  assert.ok(entry!.bytes < 64 * MIB && Math.abs(missing) < 64 * 1024, `${missing} of ${received}`)
  const metrics = await metricsOf(mirror)
  assert.match(metrics, new RegExp(`^btkit_sent_bytes_total ${entry!.bytes}$`, 'm'))
  assert.match(metrics, /^btkit_requests_aborted_total 1$/m)
})

test('requests that the parser or the server refuses are logged with their status', async (t) => {
  const mirror = await serve(t)
  await rawRequest(mirror.port, 'nonsense\r\n\r\n')
  await rawRequest(mirror.port, requestText('GET /', [`Host: x`, `X: ${'x'.repeat(40_000)}`]))
  await rawRequest(mirror.port, requestText('GET /', ['Host: x', 'Expect: the best']))
  const told = await entries(mirror, 3)
  assert.deepEqual(
    told.map(({ status, method, url, client }) => [status, method, url, client]),
    [
      [400, '', '', '127.0.0.1'],
      [431, '', '', '127.0.0.1'],
      [417, 'GET', '/', '127.0.0.1'],
    ],
  )
  const metrics = await metricsOf(mirror)
  assert.match(metrics, /^btkit_requests_total\{route="none",code="400"\} 1$/m)
  assert.match(metrics, /^btkit_requests_total\{route="none",code="431"\} 1$/m)
})

test('a request that arrives too slowly is logged as 408', async (t) => {
  const mirror = await serve(t, [], { headerTimeout: 200 })
  await rawRequest(mirror.port, 'GET / HTTP/1.1\r\n')
  const [entry] = await entries(mirror, 1)
  assert.equal(entry?.status, 408)
})

test('a form with an invalid body is logged once', async (t) => {
  const mirror = await serve(t)
  const type = 'Content-Type: application/x-www-form-urlencoded'
  const fields = ['Host: x', type, 'Transfer-Encoding: chunked']
  const address = `/yum/torrent_service/digest/${'0'.repeat(40)}`
  await rawRequest(mirror.port, requestText(`POST ${address}`, fields, 'nonsense'))
  await setTimeout(300)
  const told = await entries(mirror, 1)
  assert.deepEqual(
    told.map(({ status, url }) => [status, url]),
    [[400, address]],
  )
})

longTest('each request of a connection is logged with its own bytes', async (t) => {
  const mirror = await serve(t)
  const socket = connect(mirror.port, '127.0.0.1')
  const [get, head] = ['GET', 'HEAD'].map((method) => {
    return `${method} /yum/good.rpm HTTP/1.1\r\nHost: x\r\n\r\n`
  })
  socket.write(`${get}${head}${get}`)
  socket.write(requestText('GET /yum/large'))
  await readToEnd(socket)
  const told = await entries(mirror, 4)
  assert.deepEqual(
    told.map(({ bytes, complete }) => [bytes, complete]),
    [
      [4, true],
      [0, true],
      [4, true],
      [64 * MIB, true],
    ],
  )
})

test('requests that wait behind a download are logged when their client leaves', async (t) => {
  const mirror = await serve(t)
  const socket = connect(mirror.port, '127.0.0.1')
  socket.write('GET /yum/large HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.write('GET /yum/good.rpm HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  await setTimeout(200)
  socket.destroy()
  const told = await entries(mirror, 2)
  assert.deepEqual(
    told.map(({ url, complete }) => [url, complete]),
    [
      ['/yum/large', false],
      ['/yum/good.rpm', false],
    ],
  )
  assert.equal(told[1]?.bytes, 0)
})

test('torrents from memory are logged like all others', async (t) => {
  const mirror = await serve(t)
  const download = () => ask(mirror.port, `${SINGLE}/yum/good.rpm`, { headers: { Host: 'x' } })
  const torrent = await download()
  let downloads = 1
  // On a slow machine the file may be looked at again before an answer is sent again
  const metrics = await until('two are from memory', async () => {
    await download()
    downloads++
    const now = await metricsOf(mirror)
    return /^btkit_requests_total\{route="kept response",code="200"\} 2$/m.test(now) && now
  })
  const told = (await entries(mirror, 2 * downloads - 1)).filter(({ url }) =>
    url.startsWith(SINGLE),
  )
  assert.deepEqual(
    told.map(({ status, bytes, complete }) => [status, bytes, complete]),
    Array(downloads).fill([200, torrent.body.length, true]),
  )
  assert.match(
    metrics,
    /^btkit_request_duration_seconds_bucket\{route="kept response",le="\+Inf"\} 2$/m,
  )
})

test('the metrics contain durations of requests and the number of connections', async (t) => {
  const mirror = await serve(t)
  await (await fetch(`${mirror.address}/yum/good.rpm`)).text()
  const idle = connect(mirror.port, '127.0.0.1')
  t.after(() => idle.destroy())
  await once(idle, 'connect')
  await setTimeout(50)
  const metrics = await metricsOf(mirror)
  assert.match(metrics, /^btkit_request_duration_seconds_count\{route="\/\*"\} 1$/m)
  const [, connections] = /^btkit_connections (\d+)$/m.exec(metrics) ?? []
  assert.ok(Number(connections) >= 2, connections)
})

test('behind a trusted proxy, the client is the one that the proxy names', async (t) => {
  const mirror = await serve(t, ['--trust-proxy', '127.0.0.1'])
  const headers = { 'X-Forwarded-For': '192.0.2.7' }
  await (await fetch(`${mirror.address}/yum/good.rpm`, { headers })).text()
  assert.equal((await entries(mirror, 1))[0]?.client, '192.0.2.7')
})
