import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { callWithin } from '../../src/base/bounded-call.js'
import { QUICK_PROGRAM } from '../support/executable.js'
import { collect } from '../support/programs.js'
import { longTest } from '../support/long.js'
import { makeAsking } from '../support/queue.js'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../support/redis.js'
import { until } from '../support/until.js'
import { listenLocally } from '../support/listen.js'

const skip = WITHOUT_REDIS

/** Milliseconds until a process that does not end fails its test. */
const LIMIT = 60_000

/** Starts a way to Redis for one connection, which closes all later ones at once. */
async function startNarrowProxy(t: TestContext, { port }: RedisServer) {
  let accepted = 0
  const server = createServer((near) => {
    accepted += 1
    if (accepted > 1) {
      near.on('error', () => undefined).destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => socket.destroy())
  })
  const url = `redis://127.0.0.1:${await listenLocally(t, server)}`
  return { url, accepted: () => accepted }
}

/** Starts btkit with short times of the queue. Its end must come in time. */
function startQuick(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [QUICK_PROGRAM, 'btkit', '', ...args])
  t.after(() => child.kill('SIGKILL'))
  const ended = callWithin({ timeoutMs: LIMIT }, () => collect(child))
  return { child, ended }
}

test('a run ends though its second connection never comes about', { skip }, async (t) => {
  const redis = await startRedis(t)
  const machine = makeAsking(t, redis.url, { a: 5 * 2 ** 20 })
  startQuick(t, ['worker', ...machine.asking, '--no-cache'])
  await until('it takes jobs', () => redis.send('client', 'list').includes(':w:'))
  const { url } = await startNarrowProxy(t, redis)
  const asking = machine.asking.map((each) => (each === redis.url ? url : each))
  const what = ['makemetafile', machine.at('a'), '--trackerless', '--no-cache']
  const { ended } = startQuick(t, [...what, ...asking])
  const { status, stderr } = await ended
  assert.match(stderr, /hashing here for now\n$/)
  assert.equal(status, 0)
})

longTest(
  'a worker that is stopped ends though a connection never came about',
  { skip },
  async (t) => {
    const redis = await startRedis(t)
    const machine = makeAsking(t, redis.url, { a: 5 * 2 ** 20 })
    const { url, accepted } = await startNarrowProxy(t, redis)
    const asking = machine.asking.map((each) => (each === redis.url ? url : each))
    const { child, ended } = startQuick(t, ['worker', ...asking, '--no-cache'])
    await until('the worker connects', () => accepted() > 2)
    child.kill('SIGTERM')
    assert.equal((await ended).status, 0)
  },
)
