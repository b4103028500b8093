import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { makeScratch, plantHuge } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask, type Answer } from '../ask.js'
import { singleAddress } from '../app/yum-client.js'
import { readMetric, untilMetric } from '../read-metric.js'
import { parseAnswers, readToEnd, requestText } from './raw.js'
import { digestAddress } from './siege.js'
import { until } from '../../support/until.js'
import { longTest } from '../../support/long.js'

const GIB = 2 ** 30
const MIB = 2 ** 20

/** A service that trusts this machine as a proxy. */
const PROXIED = ['--trust-proxy', '127.0.0.1']

function askFor(client: string, port: number, path: string): Promise<Answer> {
  return ask(port, singleAddress(path), { headers: { 'X-Forwarded-For': client, Host: 'm' } })
}

function checkThrottled({ status, headers, body }: Answer, told: RegExp): void {
  assert.equal(status, 429)
  assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/)
  assert.match(body.toString(), told)
  assert.match(body.toString(), /^[^\n]+\n$/)
}

/** A clock by which all lookups of files are fresh. */
const STANDING = { monotonic: () => 1_000_000 }

/** A client that has sent some bytes and waits. */
function send(t: TestContext, port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write(bytes)
  return socket
}

longTest('work for patterns ends when the clients leave', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`yum/${i}`, 'x']))
  const { port } = await serveMirror(t, { files })
  const clients = Array.from({ length: 60 }, (_, i) => {
    return send(t, port, requestText(`GET ${singleAddress(`/yum/${'*'.repeat(i + 1)}z`)}`))
  })
  // The most of one client
  await untilMetric(port, 'btkit_planning_jobs', 3)
  for (const client of clients) client.destroy()
  for (const name of ['torrents_under_way', 'planning_jobs', 'planning_queue']) {
    await untilMetric(port, `btkit_${name}`, 0)
  }
  assert.equal((await ask(port, singleAddress('/yum/1'))).status, 200)
})

test('a client with as many torrents under way as one may have gets no further one', async (t) => {
  const root = makeScratch(t, { 'iso/small': 's', 'iso/other': 'o' })
  for (const name of ['1', '2']) plantHuge(`${root}/iso`, name, 128 * GIB)
  const limits = { maxPerClient: 2 }
  const args = [...PROXIED, '--threads', '1']
  const { port } = await serveMirror(t, { root, args, limits, io: STANDING })
  const fields = ['Host: m', 'X-Forwarded-For: 192.0.2.1']
  const waiting = ['/iso/1', '/iso/2'].map((path) => {
    return send(t, port, requestText(`GET ${singleAddress(path)}`, fields))
  })
  await untilMetric(port, 'btkit_hash_jobs', 2)
  checkThrottled(
    await askFor('192.0.2.1', port, '/iso/small'),
    /^2 requests of yours, the most of one client, are under way; send fewer at once/,
  )
  assert.equal((await askFor('192.0.2.2', port, '/iso/small')).status, 200)
  // A torrent in memory is no work
  assert.equal((await askFor('192.0.2.1', port, '/iso/small')).status, 200)
  for (const socket of waiting) socket.resetAndDestroy()
  await untilMetric(port, 'btkit_hash_jobs', 0)
  await until('taken', async () => {
    return (await askFor('192.0.2.1', port, '/iso/other')).status !== 429
  })
  assert.equal((await askFor('192.0.2.1', port, '/iso/other')).status, 200)
})

test("the service's own addresses work only in their exact spelling", async (t) => {
  const { port } = await serveMirror(t, { files: { 'yum/a': 'a' } })
  assert.equal((await ask(port, '/-/metrics?x')).status, 200)
  for (const path of ['/%2D/metrics', '/%2d/health', '/-/%6Detrics', '/-/statu%73']) {
    assert.equal((await ask(port, path)).status, 404, path)
  }
})

test('incomplete forms take only a limited amount of memory', async (t) => {
  const { port } = await serveMirror(t, { files: { 'yum/a': 'a' } })
  const type = 'Content-Type: application/x-www-form-urlencoded'
  const fields = ['Host: m', type, `Content-Length: ${2 * MIB}`]
  const address = digestAddress(['/yum/a'])
  const begin = () => {
    return send(t, port, requestText(`POST ${address}`, fields, 'p='.padEnd(2 * MIB - 1, 'x')))
  }
  const clients = Array.from({ length: 40 }, begin)
  const received = await Promise.race(clients.map(readToEnd))
  const [refusal] = parseAnswers(received)
  assert.ok([429, 503].includes(refusal!.status), received)
  assert.match(refusal!.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  assert.ok((await readMetric(port, 'btkit_request_memory_bytes')) < 50 * MIB)
  assert.equal((await ask(port, singleAddress('/yum/a'))).status, 200)
  for (const client of clients) client.destroy()
  await untilMetric(port, 'btkit_request_memory_bytes', 0)
})
