import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRedisUrl } from '../../src/redis/client.js'

test('a URL names a server, a login and a database', () => {
  const found = parseRedisUrl('redis://btkit:p%40ss:w@cache.example:7000/3')
  assert.deepEqual(found.urls, ['redis://cache.example:7000'])
  assert.equal(found.user, 'btkit')
  assert.equal(found.password, 'p@ss:w')
  assert.equal(found.database, 3)
  assert.equal(found.label, 'redis://cache.example:7000/3')
})

test('sentinels and nodes of a cluster are several, and rediss uses TLS for all', () => {
  const { urls, primary } = parseRedisUrl('rediss+sentinel://a,[::1]:1/main')
  assert.deepEqual([urls, primary], [['rediss://a', 'rediss://[::1]:1'], 'main'])
  assert.deepEqual(parseRedisUrl('redis+cluster://a,b').urls, ['redis://a', 'redis://b'])
})

test('a socket has a path, and the database is a query', () => {
  const found = parseRedisUrl('redis+unix://:secret@/run/redis%20one.sock?db=2')
  assert.deepEqual(found.urls, ['/run/redis one.sock'])
  assert.equal(found.password, 'secret')
  assert.equal(found.database, 2)
})

test('an invalid URL is refused without its password', () => {
  const wrong = [
    'http://a:secret@b',
    'redis://a:secret@b/x',
    'redis://a:secret@b:99999',
    'redis://a:secret@b,c',
    'redis://a:secret%zz@b',
    'redis+sentinel://a:secret@b',
    'redis+cluster://a:secret@b/1',
    'rediss+unix://a:secret@/run/redis.sock',
    'redis://a:secret@',
  ]
  for (const url of wrong) {
    const isSafe = ({ code, message }: { code?: string; message: string }) =>
      code === 'usage' && !message.includes('secret')
    assert.throws(() => parseRedisUrl(url), isSafe, url)
  }
})
