import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { startServe } from '../hostile/process.js'
import { rawRequest, requestText } from '../hostile/raw.js'
import { SINGLE } from '../hostile/siege.js'
import { readMetric } from '../read-metric.js'

/** Characters that control a terminal or mislead a log reader. */
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/

const NASTY_AGENT = 'a"b\\c\x9b2J\x85 {"status":200}\t\xff'

/** The log of a service after some requests, one of them with an odd name. */
async function logOf(t: TestContext, format: string): Promise<string> {
  const files = { 'yum/good.rpm': 'good' }
  const { address, port, stop, stderr } = await serveMirror(t, { files, args: ['--log', format] })
  for (const path of ['/yum/good.rpm', `${SINGLE}/yum/good.rpm`, `${SINGLE}/yum/good.rpm`]) {
    await (await fetch(address + path)).text()
  }
  const fields = ['Host: mirror.example', `User-Agent: ${NASTY_AGENT}`]
  await rawRequest(port, requestText('GET /no"where\\x%0a%1b', fields))
  await stop()
  return stderr.text
}

test('writes a line of JSON for each answer, without control characters', async (t) => {
  const log = await logOf(t, 'json')
  assert.doesNotMatch(log, CONTROL)
  const lines = log.trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    entries.map(({ status }) => status),
    [200, 200, 200, 400],
  )
  const [first = {}] = entries
  assert.deepEqual([first['method'], first['url']], ['GET', '/yum/good.rpm'])
  assert.equal(first['client'], '127.0.0.1')
  assert.equal(new Date(String(first['time'])).toISOString(), first['time'])
  assert.equal(typeof first['milliseconds'], 'number')
  const { url, agent } = entries[3] ?? {}
  assert.deepEqual([url, agent], ['/no"where\\x%0a%1b', NASTY_AGENT])
})

test('writes a line of text for each answer, of which a client can forge no field', async (t) => {
  const log = await logOf(t, 'text')
  assert.doesNotMatch(log, CONTROL)
  const lines = log.trimEnd().split('\n')
  assert.equal(lines.length, 4)
  for (const line of lines) {
    assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z 127\.0\.0\.1 "GET \/.*" \d{3} [^"]*"[^"].*"$/)
  }
  // As log readers do: a quote ends a field unless a backslash precedes it
  const FIELDS = /^\S+ \S+ "(?:[^"\\]|\\.)*" (\d{3}) [^"]*"(?:[^"\\]|\\.)*"$/
  assert.equal(FIELDS.exec(lines[3] ?? '')?.[1], '400')
})

test('writes nothing with --log off', async (t) => {
  assert.equal(await logOf(t, 'off'), '')
})

test('logs invalid addresses, too', async (t) => {
  const { port, stop, stderr } = await serveMirror(t, { args: ['--log', 'json'] })
  await rawRequest(port, requestText('GET /%zz'))
  await stop()
  assert.match(stderr.text, /"url":"\/%zz","status":400/)
})

test('CONNECT, which only proxies know, is refused and logged', async (t) => {
  const { port, stop, stderr } = await serveMirror(t, { args: ['--log', 'json'] })
  const target = 'other.example:443'
  const answer = await rawRequest(port, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 501 [^]*\r\nConnection: close\r\n\r\nNot Implemented\n$/)
  await stop()
  assert.match(stderr.text, /"method":"CONNECT","url":"other\.example:443","status":501/)
})

test('a client that asks for a tunnel and resets its connection ends nothing', async (t) => {
  const { port } = await serveMirror(t)
  for (let i = 0; i < 50; i++) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${'x'.repeat(100_000)}`)
    if (i % 2 === 0) await setImmediate()
    socket.resetAndDestroy()
  }
  assert.equal((await ask(port, '/-/health')).status, 200)
})

const DROPPED = 'btkit_log_lines_dropped_total'

/** A service whose log was not read until the pipe and its own buffer are full. */
async function serveUnread(t: TestContext) {
  const served = await startServe(t, makeScratch(t), { args: ['--log', 'text'] })
  served.child.stderr.pause()
  const query = 'x'.repeat(15_000)
  while ((await readMetric(served.port, DROPPED)) === 0) {
    for (let i = 0; i < 20; i++) await ask(served.port, `/none?${query}`)
  }
  return served
}

test('lines that nobody reads are dropped, and the log says where', async (t) => {
  const { port, child, stderr } = await serveUnread(t)
  child.stderr.resume()
  while (!/ \d+ lines dropped here/.test(stderr())) {
    await ask(port, '/none')
    await setTimeout(20)
  }
  const dropped = await readMetric(port, DROPPED)
  const told = [...stderr().matchAll(/warning: (\d+) lines dropped here/g)]
  assert.ok(told.reduce((sum, [, count]) => sum + Number(count), 0) <= dropped)
})

longTest('SIGTERM ends a service whose log nobody reads', async (t) => {
  const { child } = await serveUnread(t)
  child.kill('SIGTERM')
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.deepEqual([status, signal], [0, null])
})
