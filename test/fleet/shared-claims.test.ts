import assert from 'node:assert/strict'
import { after, test, type TestContext } from 'node:test'
import { CLAIM_SCRIPTS, SharedClaims } from '../../src/fleet/shared-claims.js'
import { parseRedisUrl } from '../../src/redis/client.js'
import { RedisLink } from '../../src/redis/link.js'
import { findFreePort } from '../support/opentracker.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'
import { until } from '../support/until.js'
import { testClaims } from './claims-suite.js'

const skip = WITHOUT_REDIS
const redis = skip ? null : await startRedis({ after })
const url = redis?.url ?? ''

function open(t: TestContext, lifeMs = 15_000, place = url): SharedClaims {
  const link = new RedisLink(parseRedisUrl(place), {
    scripts: CLAIM_SCRIPTS,
    warn: () => undefined,
  })
  t.after(() => {
    link.close()
  })
  return new SharedClaims({ link, lifeMs })
}

const SOURCES = ['fleet/shared-claims.js', 'redis/client.js', 'redis/link.js']
const [claims, address, link] = SOURCES.map((path) => {
  return new URL(`../../src/${path}`, import.meta.url).href
})

testClaims((t) => {
  redis?.send('flushall')
  return {
    open: () => open(t),
    module: `import { CLAIM_SCRIPTS, SharedClaims } from '${claims}'
      import { parseRedisUrl } from '${address}'
      import { RedisLink } from '${link}'
      const link = new RedisLink(parseRedisUrl('${url}'), { scripts: CLAIM_SCRIPTS, warn: () => 0 })
      const claims = new SharedClaims({ link, lifeMs: 500 })`,
  }
}, skip)

test('a claim expires unless it is renewed', { skip }, async (t) => {
  redis?.send('flushall')
  const [one, other] = [open(t, 15_000), open(t)]
  await one.claim(['a'])
  const key = redis?.send('keys', '*') ?? ''
  const left = () => Number(redis?.send('pttl', key))
  assert.ok(left() > 0 && left() <= 15_000)
  redis?.send('pexpire', key, '1000')
  await one.renew()
  assert.ok(left() > 1000)
  redis?.send('pexpire', key, '1')
  await until('it expires', async () => (await other.claim(['a'])) === 'held')
  // Neither prolongs nor releases the claim of the other
  redis?.send('pexpire', key, '100000')
  await one.renew()
  await one.release(['a'])
  assert.ok(left() > 15_000)
})

test('without Redis everything counts as held', async (t) => {
  const claims = open(t, 1000, `redis://127.0.0.1:${await findFreePort()}`)
  assert.equal(await claims.claim(['a']), 'held')
  await claims.renew()
  await claims.close()
})

test('garbage in place of a claim is one of somebody else', { skip }, async (t) => {
  redis?.send('flushall')
  const claims = open(t)
  await claims.claim(['a'])
  const key = redis?.send('keys', '*') ?? ''
  for (const value of [['set'], ['setrange', '5000000'], ['rpush']]) {
    redis?.send('del', key)
    redis?.send(value[0] ?? '', key, ...value.slice(1), 'x')
    await claims.renew()
    await claims.release(['a'])
    assert.equal(await claims.claim(['a']), 'wait')
    redis?.send('del', key)
    assert.equal(await claims.claim(['a']), 'held')
  }
})
