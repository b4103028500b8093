import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeGate, unlessGate } from '../../support/gate.js'
import { holdHashing } from '../../support/held-hashing.js'
import { longTest } from '../../support/long.js'
import { makeScratch, plantHuge, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { unlessProc, whenOpen } from '../../support/when-open.js'
import { readMetric } from '../read-metric.js'
import { startServe } from '../hostile/process.js'
import { SINGLE } from '../hostile/siege.js'
import { assertQuiet } from '../../support/run-btkit.js'

const GIB = 2 ** 30
const ONE_THREAD = ['--threads', '1']

/** The only line of btkit's own. */
const WAITING =
  /^btkit: waiting for 1 request, at most 8 s; a second signal ends them\n(?!.*btkit: )/s

/** A service that is hashing a large file for a request, and the coming answer. */
async function serveBusy(t: TestContext, args: readonly string[] = [], size = 64 * GIB) {
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  const huge = plantHuge(root, 'huge', size)
  const cacheDir = makeScratch(t)
  const options = [...ONE_THREAD, '--cache-dir', cacheDir]
  const served = await startServe(t, root, { args: [...options, ...args] })
  const answer = fetch(`${served.address}${SINGLE}/huge`)
  // A failure is reported to whoever awaits the answer
  answer.catch(() => undefined)
  await whenOpen(served.child.pid!, huge)
  return { ...served, root, cacheDir, options, answer }
}

/** Makes sure that a service starts with another service's cache and reports nothing. */
async function checkCache(t: TestContext, root: string, options: readonly string[]) {
  const { address, stop } = await startServe(t, root, { args: options })
  assert.equal((await fetch(`${address}${SINGLE}/yum/good.rpm`)).status, 200)
  assertQuiet(await stop())
}

test('SIGTERM lets a request under way end, and the cache stays usable', unlessGate, async (t) => {
  const root = makeScratch(t, { 'yum/good.rpm': 'good', large: Buffer.alloc(3_000_000) })
  const [options, gate] = [['--cache-dir', makeScratch(t)], makeGate(t)]
  const { address, stop } = await startServe(t, root, { args: options, env: gate.env })
  const answer = fetch(`${address}${SINGLE}/large`)
  await gate.reached()
  const ending = stop()
  gate.open()
  assert.equal((await answer).status, 200)
  const result = await ending
  assert.deepEqual([result.status, result.signal], [0, null])
  assert.match(result.stderr, WAITING)
  await checkCache(t, root, options)
})

longTest('SIGTERM ends a request for more than can be hashed in time', unlessProc, async (t) => {
  const { root, options, answer, stop } = await serveBusy(t, ['--max-wait', '2'], 128 * GIB)
  const ending = stop()
  const { status, headers } = await answer
  assert.deepEqual([status, headers.has('retry-after')], [503, true])
  assert.match(headers.get('content-type') ?? '', /^text\/plain\b/)
  const result = await ending
  assert.deepEqual([result.status, result.signal], [0, null])
  assert.match(result.stderr, WAITING)
  await checkCache(t, root, options)
})

test('SIGTERM does not wait for connections without a request', async (t) => {
  const { port, stop, stderr } = await serveMirror(t)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resume()
  assert.equal((await stop()).status, 0)
  assert.doesNotMatch(stderr.text, /waiting/)
})

longTest('SIGINT lets a download end', async (t) => {
  const root = makeScratch(t)
  // More than the buffers of a connection hold, and little enough for the time of stopping
  const size = 16 * 2 ** 20
  plantSparse(root, 'zeros', size)
  const { address, stop } = await startServe(t, root)
  const { body } = await fetch(`${address}/zeros`)
  const ending = stop('SIGINT')
  let received = 0
  for await (const chunk of body!) received += (chunk as Uint8Array).length
  assert.equal(received, size)
  assert.equal((await ending).status, 0)
})

test('while it stops, it is healthy, but not ready', async (t) => {
  const root = makeScratch(t)
  plantSparse(root, 'zeros', 64 * 2 ** 20)
  const log = join(makeScratch(t), 'log')
  const { port, stop, stderr } = await serveMirror(t, { root, args: ['--log-file', log] })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /zeros HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  const ended = stop()
  await untilRefused(port)
  for (const path of ['/-/health', '/-/ready']) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  }
  let tail = ''
  socket.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString('latin1')).slice(-2000)))
  socket.resume()
  await once(socket, 'close')
  const [, health = '', ready = ''] = tail.slice(tail.indexOf('HTTP/1.1')).split('HTTP/1.1 ')
  assert.match(health, /^200 .*\r\nok\n$/s)
  assert.match(ready, /^503 .*\r\nthe server is stopping; try again later\n$/s)
  assert.equal((await ended).status, 0)
  assert.match(stderr.text, WAITING)
  assert.match(readFileSync(log, 'utf8'), /GET \/zeros.* 200 .*GET \/-\/ready.* 503 /s)
})

/** Waits until no further connections are accepted. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const event = await Promise.race([
      once(socket, 'connect').then(() => 'taken'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused')
    socket.destroy()
    if (event === 'refused') return
    await setTimeout(20)
  }
}

test('SIGHUP does not stop it, however often it comes', async (t) => {
  const { child, address, stop } = await startServe(t, makeScratch(t, { 'yum/good.rpm': 'good' }))
  for (let i = 0; i < 5; i++) {
    child.kill('SIGHUP')
    assert.equal((await fetch(`${address}/yum/good.rpm`)).status, 200)
  }
  assert.equal((await stop()).status, 0)
})

test('SIGHUP does not disturb a request under way', async (t) => {
  const hashing = holdHashing(t)
  const { port, address, hangUp, stop } = await serveMirror(t, { files: { 'a.iso': 'content' } })
  const answer = fetch(`${address}${SINGLE}/a.iso`)
  await until('asked for', async () => {
    return (await readMetric(port, 'btkit_torrents_under_way')) === 1
  })
  hangUp()
  hashing.release()
  assert.equal((await answer).status, 200)
  assert.equal((await stop()).status, 0)
})

longTest('makes the right torrent after it was killed while hashing', unlessProc, async (t) => {
  const { root, options, answer, stop } = await serveBusy(t, [], 64 * GIB)
  const { signal } = await stop('SIGKILL')
  assert.equal(signal, 'SIGKILL')
  await assert.rejects(answer)
  plantSparse(root, 'huge', 5_000_000)
  const again = await startServe(t, root, { args: options })
  const torrent = await fetch(`${again.address}${SINGLE}/huge`)
  const { info } = decodeTorrent(new Uint8Array(await torrent.arrayBuffer()))
  const pieces = referenceDigests([Buffer.alloc(5_000_000)], 2 ** 20).toString('hex')
  const golden = { length: 5_000_000, name: 'huge', 'piece length': 2 ** 20, pieces }
  assert.deepEqual(info, golden)
  assertQuiet(await again.stop())
})
