import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRedisUrl } from '../../../src/fleet/redis/client.js'

test('a URL names a server, a login and a database', () => {
  const { options, label } = parseRedisUrl('redis://btkit:p%40ss:w@cache.example:7000/3')
  const login = { username: 'btkit', password: 'p@ss:w', db: 3 }
  assert.deepEqual(options, { host: 'cache.example', port: 7000, ...login })
  assert.equal(label, 'redis://cache.example:7000/3')
})

test('sentinels and nodes of a cluster are several, and rediss uses TLS for all', () => {
  const { options } = parseRedisUrl('rediss+sentinel://a,[::1]:1/main')
  assert.deepEqual(
    [options.sentinels, options.name, options.tls],
    [
      [
        { host: 'a', port: 26379 },
        { host: '::1', port: 1 },
      ],
      'main',
      {},
    ],
  )
  const { nodes } = parseRedisUrl('redis+cluster://a,b')
  assert.deepEqual(nodes, [
    { host: 'a', port: 6379 },
    { host: 'b', port: 6379 },
  ])
})

test('a socket has a path, and the database is a query', () => {
  const { options } = parseRedisUrl('redis+unix://:secret@/run/redis%20one.sock?db=2')
  const login = { username: '', password: 'secret', db: 2 }
  assert.deepEqual(options, { path: '/run/redis one.sock', ...login })
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
