import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { parseRedisUrl } from '../../../src/fleet/redis/client.js'
import { patience, RedisLink } from '../../../src/fleet/redis/link.js'
import { findFreePort } from '../../support/opentracker.js'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { until } from '../../support/until.js'
import { listenLocally } from '../../support/listen.js'

/** A link that tries again at once, and the warnings it gave. */
function makeLink(t: TestContext, url: string, pauseMs = 0) {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const link = new RedisLink(parseRedisUrl(url), { warn, pauseMs })
  t.after(() => {
    link.close()
  })
  return { link, warnings, ping: () => link.ask((client) => client.ping()) }
}

function acceptsConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    for (const event of ['connect', 'error'] as const) {
      socket.once(event, () => {
        socket.destroy()
        resolve(event === 'connect')
      })
    }
  })
}

test('a call reaches Redis', { skip: WITHOUT_REDIS }, async (t) => {
  const { url } = await startRedis(t)
  const { link, warnings } = makeLink(t, url)
  assert.equal(await link.ask((client) => client.set('a', 'b')), 'OK')
  assert.equal(await link.ask((client) => client.get('a')), 'b')
  assert.deepEqual(warnings, [])
})

test('a call reaches Redis on its socket, with a password', { skip: WITHOUT_REDIS }, async (t) => {
  const server = await startRedis(t, ['--unixsocket', 'redis.sock', '--requirepass', 'secret'])
  const path = `${server.directory}/redis.sock`
  // Its file is there a moment before it accepts connections
  await until('the socket accepts connections', () => acceptsConnections(path))
  const { ping } = makeLink(t, `redis+unix://:secret@${path}`)
  assert.equal(await ping(), 'PONG')
})

test(
  'a wrong password is one warning, which does not tell it',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const { port } = await startRedis(t, ['--requirepass', 'secret'])
    const { ping, warnings } = makeLink(t, `redis://:hunter2@127.0.0.1:${port}`)
    assert.equal(await ping(), null)
    assert.equal(await ping(), null)
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0] ?? '',
      /^redis:\/\/127\.0\.0\.1:\d+: working without it for now: WRONGPASS/,
    )
    assert.doesNotMatch(warnings[0] ?? '', /hunter2/)
  },
)

test(
  'the next attempt comes soon, and after twice the time of the last one that failed',
  {
    skip: WITHOUT_REDIS,
  },
  async (t) => {
    const redis = await startRedis(t)
    const { link, ping } = makeLink(t, redis.url, 1_000_000_000)
    let now = 0
    t.mock.method(process, 'hrtime', () => [1, 1e6 * now])
    for (let times = 0; times < 2; times++) {
      redis.kill()
      for (const pause of [500, 1000]) {
        assert.equal(await ping(), null)
        now += pause - 1
        assert.ok(link.isGone())
        now += 1
        assert.ok(!link.isGone())
      }
      await redis.restart()
      assert.equal(await ping(), 'PONG')
    }
  },
)

test('Redis that is down is one warning, and no attempt for a while', async (t) => {
  const { link, ping, warnings } = makeLink(t, `redis://127.0.0.1:${await findFreePort()}`, 60_000)
  assert.equal(await ping(), null)
  assert.ok(link.isGone())
  let isAsked = false
  await link.ask(() => Promise.resolve((isAsked = true)))
  assert.equal(isAsked, false)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /nothing listens there/)
})

test('calls work again after Redis was killed or stalled', { skip: WITHOUT_REDIS }, async (t) => {
  const server = await startRedis(t)
  const { ping, warnings } = makeLink(t, server.url)
  assert.equal(await ping(), 'PONG')
  server.stall()
  const { ms } = patience
  patience.ms = 100
  assert.equal(await ping(), null)
  patience.ms = ms
  server.resume()
  await until('Redis answers again', async () => (await ping()) === 'PONG')
  const connections = () => server.send('client', 'list').split('\n').length
  await until('its earlier connection is closed', () => connections() === 2)
  await server.restart()
  await until('Redis answers again', async () => (await ping()) === 'PONG')
  assert.equal(warnings.length, 1)
})

test('a process that is busy itself does not give up Redis', { skip: WITHOUT_REDIS }, async (t) => {
  const { url } = await startRedis(t)
  const { ping, warnings } = makeLink(t, url, 60_000)
  const { ms } = patience
  patience.ms = 1000
  let isBusy = true
  // In each turn of the event loop
  const work = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
    if (isBusy) setImmediate(work)
  }
  setImmediate(work)
  try {
    assert.equal(await ping(), 'PONG')
    assert.equal(await ping(), 'PONG')
  } finally {
    isBusy = false
    patience.ms = ms
  }
  assert.deepEqual(warnings, [])
})

test('a full Redis can still be read', { skip: WITHOUT_REDIS }, async (t) => {
  const server = await startRedis(t)
  const { link, warnings } = makeLink(t, server.url, 60_000)
  const set = () => link.ask((client) => client.set('a', 'b'), { isWrite: true })
  await set()
  server.send('config', 'set', 'maxmemory', '1')
  assert.equal(await set(), null)
  assert.equal(await link.ask((client) => client.get('a')), 'b')
  assert.match(warnings[0] ?? '', /OOM/)
})

test('a server of another protocol is no Redis', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write('HTTP/1.1 400 no\r\n\r\n'))
  })
  const port = await listenLocally(t, server)
  const { ping, link } = makeLink(t, `redis://127.0.0.1:${port}`)
  assert.equal(await ping(), null)
  link.close()
})
