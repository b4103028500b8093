import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { get, type Agent, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { openFiles, unlessProc, whenOpen } from '../../support/when-open.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'
import { readMetric } from '../read-metric.js'
import { childrenOf, connectWhile, isAlive, startTwo, until } from './two-workers.js'

const MIB = 2 ** 20

/** Begins a download, and reads no more than its beginning. */
async function beginDownload(port: number, path: string, agent: Agent): Promise<IncomingMessage> {
  const asked = get({ port, host: '127.0.0.1', path, agent })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.pause()
  return answer
}

async function lengthOf(answer: IncomingMessage): Promise<number> {
  let length = 0
  for await (const chunk of answer) length += (chunk as Buffer).length
  return length
}

test('SIGTERM lets the downloads of both end', unlessProc, async (t) => {
  const root = makeScratch(t)
  const size = 16 * MIB
  plantSparse(root, 'zeros', size)
  const { port, viaMain, viaWorker, workerPid, stop } = await startTwo(t, root)
  const downloads = [
    await beginDownload(port, '/zeros', viaMain),
    await beginDownload(port, '/zeros', viaWorker),
  ]
  const ending = stop()
  assert.deepEqual(await Promise.all(downloads.map(lengthOf)), [size, size])
  const { status, signal, stderr } = await ending
  assert.deepEqual([status, signal, stderr], [0, null, ''])
  assert.ok(!isAlive(workerPid))
})

test('so it does when it goes to all processes at once', unlessProc, async (t) => {
  const root = makeScratch(t)
  plantSparse(root, 'zeros', 16 * MIB)
  const { port, viaWorker, workerPid, stop } = await startTwo(t, root)
  const answer = await beginDownload(port, '/zeros', viaWorker)
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGINT', 'SIGTERM']) process.kill(workerPid, signal)
  const ending = stop()
  assert.equal(await lengthOf(answer), 16 * MIB)
  const { status, stderr } = await ending
  assert.deepEqual([status, stderr], [0, ''])
})

test('SIGTERM ends a request to a worker that waits for hashing', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/small': 'x' })
  const huge = plantSparse(root, 'yum/huge', 1024 * 1024 * MIB)
  const args = ['--threads', '1', '--wait', '2']
  const { port, viaWorker, mainPid, stop } = await startTwo(t, root, { args })
  const answer = ask(port, `${SINGLE}/yum/huge`, { agent: viaWorker })
  await whenOpen(mainPid, huge)
  const ending = stop()
  assert.equal((await answer).status, 503)
  const { status, stderr } = await ending
  assert.deepEqual([status, stderr], [0, ''])
})

test('work for a client that has left a worker is given up', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/small': 'x' })
  const huge = plantSparse(root, 'yum/huge', 1024 * 1024 * MIB)
  const { port, viaMain, viaWorker, mainPid } = await startTwo(t, root, {
    args: ['--threads', '1'],
  })
  const answer = ask(port, `${SINGLE}/yum/huge`, { agent: viaWorker })
  answer.catch(() => undefined)
  await whenOpen(mainPid, huge)
  viaWorker.destroy()
  await assert.rejects(answer)
  // The file is opened twice: looked at first, then read
  await until(async () => (await readMetric(port, 'btkit_torrents_under_way')) === 0)
  await until(() => !openFiles(mainPid).includes(huge))
  const { body } = await ask(port, '/-/metrics', { agent: viaMain })
  assert.match(body.toString(), /^btkit_requests_total\{.*code="499"\} 1$/m)
})

test('a worker that is killed is replaced, and the others do not notice', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content' })
  const served = await startTwo(t, root)
  const { port, mainPid, workerPid, viaMain, viaWorker, stop } = served
  const answered = 'btkit_requests_total{route="/*",code="200"}'
  assert.equal((await ask(port, '/yum/a', { agent: viaWorker })).status, 200)
  assert.equal(await readMetric(port, answered), 1)
  process.kill(workerPid, 'SIGKILL')
  const askMain = (path: string) => ask(port, path, { agent: viaMain })
  const isReplaced = async () => {
    const { body } = await askMain('/-/metrics')
    return /^btkit_workers 2$/m.test(body.toString()) && childrenOf(mainPid).length > 0
  }
  await until(() => !isAlive(workerPid))
  await until(isReplaced)
  assert.equal(await readMetric(port, 'btkit_workers_replaced_total'), 1)
  // What the other had answered is not forgotten
  assert.equal(await readMetric(port, answered), 1)
  const agent = await connectWhile(t, port, mainPid)
  assert.equal((await ask(port, '/yum/a', { agent })).body.toString(), 'content')
  const { status, stderr } = await stop()
  assert.equal(status, 0)
  assert.equal(stderr, 'btkit: warning: a worker ended (SIGKILL): another takes its place\n')
})

for (const [how, signals] of [
  ['is killed', ['SIGKILL']],
  ['is told twice to end', ['SIGTERM', 'SIGTERM']],
] as const) {
  test(`neither a worker nor its socket is left when the service ${how}`, unlessProc, async (t) => {
    const root = makeScratch(t)
    plantSparse(root, 'zeros', 16 * MIB)
    const env = { TMPDIR: makeScratch(t) }
    const { port, child, ended, workerPid, viaWorker } = await startTwo(t, root, { env })
    assert.equal(readdirSync(env.TMPDIR).length, 1)
    const answer = await beginDownload(port, '/zeros', viaWorker)
    answer.on('error', () => undefined)
    for (const signal of signals) child.kill(signal)
    answer.resume()
    await ended
    await until(() => !isAlive(workerPid))
    assert.deepEqual(readdirSync(env.TMPDIR), [])
  })
}
