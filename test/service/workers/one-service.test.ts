import assert from 'node:assert/strict'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { letFilesSettle } from '../../support/aged.js'
import { independentInfoHash } from '../../support/decode-torrent.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { ask, FORM, formOf } from '../ask.js'
import { digestAddress, SINGLE } from '../hostile/siege.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import { startTwo, until } from './two-workers.js'

const MIB = 2 ** 20

test('a file that 200 clients of two workers ask for is hashed once', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/small': 'x' })
  plantSparse(root, 'yum/large', 300 * MIB)
  await letFilesSettle()
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  const address = `${SINGLE}/yum/large`
  const many = Array.from({ length: 198 }, () => ask(port, address))
  const each = [viaMain, viaWorker].map((agent) => ask(port, address, { agent }))
  const answers = await Promise.all([...each, ...many])
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.ok(body.equals(answers[0]!.body))
  }
  assert.equal(await readHashedBytes(port), 300 * MIB)
})

test('what both answered is in the metrics of each', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content', 'yum/b': 'other' })
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  for (const agent of [viaMain, viaWorker]) {
    assert.equal((await ask(port, '/yum/a', { agent })).body.toString(), 'content')
    assert.equal((await ask(port, '/yum/none', { agent })).status, 404)
  }
  assert.equal(await readMetric(port, 'btkit_requests_total{route="/*",code="200"}'), 2)
  assert.equal(await readMetric(port, 'btkit_requests_total{route="/*",code="404"}'), 2)
  assert.equal(await readMetric(port, 'btkit_request_duration_seconds_count{route="/*"}'), 4)
  assert.equal(await readMetric(port, 'btkit_workers'), 2)
  const connections = await readMetric(port, 'btkit_connections')
  // Those of both, and the one that it was asked on
  assert.ok(connections >= 3, String(connections))
  for (const agent of [viaMain, viaWorker]) {
    const metrics = (await ask(port, '/-/metrics', { agent })).body.toString()
    assert.match(metrics, /^btkit_requests_total\{route="\/\*",code="200"\} 2$/m)
  }
})

test('lines of both are in one log', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content' })
  const log = join(makeScratch(t), 'access.log')
  const args = ['--log', 'json', '--log-file', log]
  const { port, viaMain, viaWorker, stop } = await startTwo(t, root, { args })
  await ask(port, '/yum/a?main', { agent: viaMain })
  // Nobody is believed what only processes of the service tell each other
  const headers = { 'X-Btkit-Client': '192.0.2.1', 'X-Btkit-Version': '3', 'User-Agent': 'me' }
  await ask(port, '/yum/a?worker', { agent: viaWorker, headers })
  assert.equal((await stop()).status, 0)
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const [which, agent] of [
    ['main', '-'],
    ['worker', 'me'],
  ]) {
    const { time, milliseconds, ...line } = told.find(({ url }) => url === `/yum/a?${which}`)!
    assert.ok(time !== undefined && milliseconds !== undefined)
    const expected = { client: '127.0.0.1', method: 'GET', url: `/yum/a?${which}`, agent }
    assert.deepEqual(line, { ...expected, status: 200, bytes: 7, complete: true })
  }
})

test('a set that was posted to one is known to the other', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content', 'yum/b': 'other' })
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  for (const [first, second, paths] of [
    [viaWorker, viaMain, ['/yum/a', '/yum/b']],
    [viaMain, viaWorker, ['/yum/b', '/yum/a']],
  ] as const) {
    const address = digestAddress(paths)
    const form = { method: 'POST', headers: FORM, body: formOf(paths) }
    assert.equal((await ask(port, address, { agent: second })).status, 412)
    const posted = await ask(port, address, { ...form, agent: first })
    assert.equal(posted.status, 200)
    const known = await ask(port, address, { agent: second })
    assert.ok(known.body.equals(posted.body))
  }
})

test('both see that a file has changed', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content' })
  await letFilesSettle()
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  const hashVia = async (agent: Agent) => {
    return independentInfoHash((await ask(port, `${SINGLE}/yum/a`, { agent })).body)
  }
  const before = await hashVia(viaWorker)
  assert.equal(await hashVia(viaMain), before)
  writeFileSync(join(root, 'yum/a'), 'changed')
  const past = new Date(Date.now() - 60_000)
  utimesSync(join(root, 'yum/a'), past, past)
  for (const agent of [viaWorker, viaMain]) {
    await until(async () => (await hashVia(agent)) !== before)
  }
  assert.equal(await hashVia(viaMain), await hashVia(viaWorker))
})

test('a client has its share, not one of each worker', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/small': 'x' })
  for (const name of ['a', 'b']) plantSparse(root, `yum/${name}`, 64 * 1024 * MIB)
  const args = ['--max-per-client', '1', '--wait', '1', '--threads', '1']
  const { port, viaMain, viaWorker } = await startTwo(t, root, { args })
  const first = await ask(port, `${SINGLE}/yum/a`, { agent: viaWorker })
  assert.equal(first.status, 503)
  const second = await ask(port, `${SINGLE}/yum/b`, { agent: viaMain })
  assert.equal(second.status, 429)
})

test('both name other trackers after SIGHUP', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content' })
  const file = join(makeScratch(t, { list: 'http://first.example/announce\n' }), 'list')
  const args = ['--trackers', file]
  const { port, child, viaMain, viaWorker } = await startTwo(t, root, { args, hasTrackers: true })
  const torrentVia = async (agent: Agent) => {
    return (await ask(port, `${SINGLE}/yum/a`, { agent })).body.toString('latin1')
  }
  for (const agent of [viaMain, viaWorker]) assert.match(await torrentVia(agent), /first\.example/)
  writeFileSync(file, 'http://second.example/announce\n')
  child.kill('SIGHUP')
  for (const agent of [viaWorker, viaMain]) {
    await until(async () => (await torrentVia(agent)).includes('second.example'))
  }
})
