import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRedisUrl } from '../../src/redis/address.js'

test('a URL names a server, a login and a database', () => {
  const found = parseRedisUrl('redis://btkit:p%40ss:w@cache.example:7000/3')
  assert.deepEqual(found.hosts, [{ host: 'cache.example', port: 7000 }])
  assert.equal(found.user, 'btkit')
  assert.equal(found.password, 'p@ss:w')
  assert.equal(found.database, 3)
  assert.equal(found.isTls, false)
  assert.equal(found.label, 'redis://cache.example:7000/3')
})

test('the port is 6379 unless the URL says otherwise, and 26379 for sentinels', () => {
  assert.deepEqual(parseRedisUrl('rediss://[::1]').hosts, [{ host: '::1', port: 6379 }])
  const { hosts, primary } = parseRedisUrl('redis+sentinel://a,b:1/main')
  assert.deepEqual(hosts, [
    { host: 'a', port: 26379 },
    { host: 'b', port: 1 },
  ])
  assert.equal(primary, 'main')
})

test('rediss uses TLS, for sentinels and clusters too', () => {
  for (const url of ['rediss://a', 'rediss+sentinel://a/main', 'rediss+cluster://a,b'])
    assert.equal(parseRedisUrl(url).isTls, true, url)
})

test('a socket has a path, and the database is a query', () => {
  const found = parseRedisUrl('redis+unix://:secret@/run/redis%20one.sock?db=2')
  assert.equal(found.path, '/run/redis one.sock')
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
