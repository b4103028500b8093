import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync, utimesSync } from 'node:fs'
import { after, test, type TestContext } from 'node:test'
import { KEY, makeMachine, OTHER_KEY, plantShared, SIZE, type Machine } from '../support/fleet.js'
import { longTest, quickFirst } from '../support/long.js'
import { findFreePort } from '../support/opentracker.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../support/redis.js'

const PIECE = 16 * 1024

const redisOfAll = WITHOUT_REDIS ? null : await startRedis({ after })

/** An empty Redis. */
function emptyRedis(): RedisServer {
  if (redisOfAll === null) throw new Error('skipped')
  redisOfAll.send('replicaof', 'no', 'one')
  redisOfAll.send('flushall')
  return redisOfAll
}

/** Two machines with the same file, of which the first has made a torrent. */
async function makePair(t: TestContext, ...args: string[]) {
  const redis = emptyRedis()
  const one = makeMachine(t, 'one', redis)
  const two = makeMachine(t, 'two', redis)
  for (const machine of [one, two]) plantShared(machine, 'a.iso')
  const made = await one.make('a.iso', ...args)
  assert.equal(made.bytesHashed, SIZE)
  return { redis, one, two, made }
}

/** The only key of a record in Redis. */
function recordKeyIn(redis: { readonly send: (...command: string[]) => string }): string {
  return redis.send('--scan', '--pattern', 'btkit1:*').split('\n')[0] ?? ''
}

const testVersion = quickFirst()

for (const version of ['--v1', '--v2', '--hybrid']) {
  const args = version === '--v1' ? [] : [version]
  testVersion(
    `a second machine reads no file for ${version}`,
    { skip: WITHOUT_REDIS },
    async (t) => {
      const { two, made } = await makePair(t, ...args)
      const again = await two.make('a.iso', ...args)
      assert.equal(again.bytesHashed, 0)
      assert.equal(again.infoHash, made.infoHash)
      assert.equal(again.stderr, '')
    },
  )
}

for (const [version, hashed] of Object.entries({ '--v1': 2 * PIECE, '--v2': 0, '--hybrid': 0 })) {
  const args = version === '--v1' ? [] : [version]
  const title = `a second machine checks files inside of a directory for ${version}`
  test(title, { skip: WITHOUT_REDIS }, async (t) => {
    const redis = emptyRedis()
    const [one, two] = [makeMachine(t, 'one', redis), makeMachine(t, 'two', redis)]
    for (const { root } of [one, two]) {
      mkdirSync(`${root}/d`)
      for (const [seed, name] of ['a', 'b', 'c'].entries()) {
        plantShared({ root, size: 100_001 }, `d/${name}`, seed + 1)
      }
    }
    const made = await one.make('d', ...args)
    assert.equal(made.bytesHashed, 300_003)
    const again = await two.make('d', ...args)
    // Version 1 has two pieces of two files each
    assert.equal(again.bytesHashed, hashed)
    assert.equal(again.infoHash, made.infoHash)
    assert.equal(again.stderr, '')
  })
}

test('files outside of every share stay local', { skip: WITHOUT_REDIS }, async (t) => {
  const redis = emptyRedis()
  const one = makeMachine(t, 'one', redis)
  plantShared(one, 'a.iso')
  await one.make('a.iso', '--cache-url', redis.url, '--share', `mirror=${one.cacheDir}/..`)
  assert.notEqual(redis.send('dbsize'), '0')
  redis.send('flushall')
  plantShared({ root: one.directory }, 'b.iso')
  await one.make('../b.iso')
  assert.equal(redis.send('dbsize'), '0')
})

/** Replaces the bytes of a file, and keeps its size and time. */
function corrupt(machine: Machine, from: number, to: number): void {
  const bytes = pseudoRandom(SIZE, 1)
  bytes.fill(0, from, to)
  writeFileSync(`${machine.root}/a.iso`, bytes)
  utimesSync(`${machine.root}/a.iso`, 1_700_000_000, 1_700_000_000)
}

for (const version of ['--v1', '--v2', '--hybrid']) {
  const args = version === '--v1' ? [] : [version]
  const title = `another file of the same size and time is found and hashed, for ${version}`
  test(title, { skip: WITHOUT_REDIS }, async (t) => {
    const { two, made, redis } = await makePair(t, ...args)
    corrupt(two, 0, SIZE)
    const other = await two.make('a.iso', ...args)
    assert.equal(other.bytesHashed, SIZE)
    assert.notEqual(other.infoHash, made.infoHash)
    assert.match(other.stderr, /a\.iso: its shared record is wrong; removed/)
    const alone = makeMachine(t, 'alone', redis)
    corrupt(alone, 0, SIZE)
    assert.equal((await alone.make('a.iso', ...args, '--no-cache')).infoHash, other.infoHash)
  })
}

test('values of another type count as missing', { skip: WITHOUT_REDIS }, async (t) => {
  const { one, two, redis } = await makePair(t)
  const first = recordKeyIn(redis)
  for (const machine of [one, two]) plantShared(machine, 'b.iso', 2)
  await one.make('b.iso')
  redis.send('del', first)
  redis.send('lpush', first, 'x')
  const without = await two.make('a.iso')
  assert.equal(without.bytesHashed, SIZE)
  assert.equal(without.stderr, '')
  assert.equal(redis.send('type', first), 'string')
  assert.equal((await two.make('b.iso')).bytesHashed, 0)
})

test('records without the key never reach a torrent', { skip: WITHOUT_REDIS }, async (t) => {
  const { redis, made } = await makePair(t)
  const stranger = makeMachine(t, 'stranger', { url: redis.url, keys: [OTHER_KEY] })
  plantShared(stranger, 'a.iso')
  const own = await stranger.make('a.iso')
  assert.equal(own.bytesHashed, SIZE)
  assert.equal(own.infoHash, made.infoHash)
})

test('a record of the old key is adopted while keys change', { skip: WITHOUT_REDIS }, async (t) => {
  const { redis } = await makePair(t)
  const changing = makeMachine(t, 'changing', { url: redis.url, keys: [OTHER_KEY, KEY] })
  plantShared(changing, 'a.iso')
  assert.equal((await changing.make('a.iso')).bytesHashed, 0)
})

longTest(
  'a changed byte anywhere in a record makes it useless',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const { redis, two, made } = await makePair(t)
    const key = recordKeyIn(redis)
    const length = Number(redis.send('strlen', key))
    for (const at of [0, 31, 32, 33, 36, 40, 45, length - 1]) {
      const byte = redis.send('getrange', key, String(at), String(at))
      redis.send('setrange', key, String(at), byte === 'x' ? 'y' : 'x')
      const now = await two.make('a.iso', '--cache-dir', `${two.cacheDir}${at}`)
      assert.equal(now.bytesHashed, SIZE, `byte ${at}`)
      // A check of the pieces would find it, too
      assert.equal(now.stderr, '', `byte ${at}`)
      assert.equal(now.infoHash, made.infoHash)
    }
  },
)

test("one record in another's place is not adopted", { skip: WITHOUT_REDIS }, async (t) => {
  const { redis, one, two } = await makePair(t)
  const first = recordKeyIn(redis)
  redis.send('rename', first, '{x}first')
  for (const machine of [one, two]) plantShared(machine, 'b.iso', 2)
  await one.make('b.iso')
  redis.send('copy', '{x}first', recordKeyIn(redis), 'replace')
  const made = await two.make('b.iso')
  assert.deepEqual([made.bytesHashed, made.stderr], [SIZE, ''])
})

test('a record expires a week after it may be removed here', { skip: WITHOUT_REDIS }, async (t) => {
  const { redis } = await makePair(t)
  const days = Number(redis.send('ttl', recordKeyIn(redis))) / 86_400
  assert.ok(days > 36.9 && days <= 37, String(days))
})

test('without Redis the file is hashed, with one warning', async (t) => {
  const one = makeMachine(t, 'one', { url: `redis://127.0.0.1:${await findFreePort()}` })
  plantShared(one, 'a.iso')
  const made = await one.make('a.iso')
  assert.equal(made.bytesHashed, SIZE)
  assert.match(
    made.stderr,
    /^btkit: warning: redis:\/\/127\.0\.0\.1:\d+: working without it for now: [^\n]+\n$/,
  )
})

test('a read-only Redis is read', { skip: WITHOUT_REDIS }, async (t) => {
  const { redis, two } = await makePair(t)
  redis.send('replicaof', '127.0.0.1', String(redis.port + 1))
  redis.send('config', 'set', 'replica-serve-stale-data', 'yes')
  assert.equal((await two.make('a.iso')).bytesHashed, 0)
  plantShared(two, 'b.iso', 2)
  const made = await two.make('b.iso')
  assert.equal(made.bytesHashed, SIZE)
  assert.match(made.stderr, /READONLY/)
})

test('a password on the command line is refused, and not repeated', async (t) => {
  const one = makeMachine(t, 'one', { url: 'redis://:hunter2@127.0.0.1' })
  plantShared(one, 'a.iso')
  const isSafe = ({ message }: Error) => /file:PATH/.test(message) && !message.includes('hunter2')
  await assert.rejects(one.make('a.iso'), isSafe)
})

test(
  'without a key nothing is shared, and a warning says so',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const redis = emptyRedis()
    const one = makeMachine(t, 'one', redis)
    const path = plantShared(one, 'a.iso')
    const args = ['makemetafile', path, '--trackerless', '--target', `${path}.torrent`]
    const { stderr, status } = await one.run(...args, '--cache-url', redis.url)
    assert.equal(status, 0)
    assert.match(
      stderr,
      /--cache-url: nothing is shared; name a file with the key by --share-key-file/,
    )
    assert.equal(redis.send('dbsize'), '0')
  },
)

longTest('thousands of files are adopted together', { skip: WITHOUT_REDIS }, async (t) => {
  // Two pieces, of which one is checked
  const FILE = PIECE + 1
  const redis = emptyRedis()
  const [one, two] = [makeMachine(t, 'one', redis), makeMachine(t, 'two', redis)]
  for (const { root } of [one, two]) {
    mkdirSync(`${root}/d`)
    for (let i = 0; i < 2100; i++) plantShared({ root, size: FILE }, `d/${i}`, i)
  }
  const made = await one.make('d', '--v2')
  assert.equal(made.bytesHashed, 2100 * FILE)
  const again = await two.make('d', '--v2')
  assert.equal(again.bytesHashed, 0)
  assert.equal(again.infoHash, made.infoHash)
})
