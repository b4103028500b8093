import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { nativeLstat } from '../../../../src/disk/look/stat-files.js'
import { readTorrent } from '../../../../src/library/index.js'
import { queueTimes } from '../../../../src/fleet/connect.js'
import { startCollecting, startExecutable } from '../../../support/executable.js'
import { KEY, OTHER_KEY } from '../../../support/fleet.js'
import { longTest, quickFirst } from '../../../support/long.js'
import {
  infoHashesFrom,
  makeAsking,
  PLANTED,
  plantKeys,
  workerName,
} from '../../../support/queue.js'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../../../support/redis.js'
import {
  assertError,
  assertQuiet,
  assertStatus,
  Captured,
  runBtkit,
} from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { until } from '../../../support/until.js'

const skip = WITHOUT_REDIS
const redisOfAll = WITHOUT_REDIS ? null : await startRedis({ after })
queueTimes.backoff = 10
// Files are hashed before the connection is there otherwise
queueTimes.patience = 5000

function emptyRedis() {
  if (redisOfAll === null) throw new Error('skipped')
  redisOfAll.send('flushall')
  return redisOfAll
}

const MIB = 2 ** 20

/** So large that it is handed out. */
const SIZE = 5 * MIB

/** A large file, and a directory of files of many sizes. */
const FILES = {
  'large.iso': 9 * MIB + 5,
  ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d/f${i}`, (i * 37_813) % 300_000])),
}

const testVersions = quickFirst(2)

for (const version of [['--hybrid'], ['--v2'], [], ['--pad-files']]) {
  const title = `torrents through workers are those without them: ${version.join() || '--v1'}`
  testVersions(title, { skip }, async (t) => {
    const machine = makeAsking(t, emptyRedis().url, FILES)
    const workers = [await machine.startWorker('one'), await machine.startWorker('two')]
    for (const name of ['large.iso', 'd']) {
      const args = [machine.at(name), '--piece-length', '64K', ...version]
      const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
      assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
      assert.equal(stderr, '')
    }
    const hashed = () => workers.map(({ stdout }) => stdout()).join('')
    await until('workers hashed both', () => hashed().match(/^hashed /gm)?.length === 2)
    for (const worker of workers) assert.equal(worker.stderr(), '')
    for (const worker of workers) assert.equal(await worker.stop(), 0)
  })
}

longTest('completedir asks workers for many entries at once', { skip }, async (t) => {
  const redis = emptyRedis()
  const sizes = Array.from({ length: 12 }, (_, i) => [`f${i}`, SIZE + i] as const)
  const machine = makeAsking(t, redis.url, Object.fromEntries(sizes))
  await machine.startWorker('one')
  const torrents = makeScratch(t)
  const command = ['completedir', machine.root, '--output', torrents, '--trackerless', '--json']
  const { stdout } = assertQuiet(await machine.run(...command, ...machine.asking))
  assert.equal((JSON.parse(stdout) as { created: unknown[] }).created.length, 12)
  assert.equal(readdirSync(torrents).length, 12)
  // The digests are in the cache of the machine that asked
  const again = await machine.run(...command, '--force')
  assert.equal((JSON.parse(again.stdout) as { bytesHashed: number }).bytesHashed, 0)
})

test('completedir makes the torrents of several directories at once', { skip }, async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const sizes = names.flatMap((name) => [0, 1, 2].map((i) => [`${name}/${name}${i}`, 100] as const))
  const machine = makeAsking(t, emptyRedis().url, Object.fromEntries(sizes))
  const torrents = makeScratch(t)
  const command = ['completedir', machine.root, '--output', torrents, '--trackerless']
  assertStatus(await machine.run(...command, ...machine.asking), 0)
  for (const name of names) {
    const { files } = await readTorrent(join(torrents, `${name}.torrent`))
    assert.deepEqual(
      files.map(({ path }) => path.join('/')),
      [0, 1, 2].map((i) => `${name}${i}`),
    )
  }
})

const unlessLeases = { skip: skip || (nativeLstat === null && 'the addon is not built') }

test('a file that is written while workers hash it is not cached', unlessLeases, async (t) => {
  const machine = makeAsking(t, emptyRedis().url, { a: SIZE })
  await machine.startWorker('one')
  const args = ['makemetafile', machine.at('a'), '--trackerless', '--json', '--quiet', '--force']
  const hash = async () => {
    const { stdout } = await machine.run(...args, ...machine.asking)
    return (JSON.parse(stdout) as { bytesHashed: number }).bytesHashed
  }
  const writer = openSync(machine.at('a'), 'r+')
  assert.deepEqual([await hash(), await hash()], [SIZE, SIZE])
  closeSync(writer)
  assert.deepEqual([await hash(), await hash()], [SIZE, 0])
})

test('a worker keeps no digest of a piece with a file that is written', unlessLeases, async (t) => {
  const machine = makeAsking(t, emptyRedis().url, { 'd/a': SIZE, 'd/b': 100 })
  const worker = await machine.startWorker('one', '--cache-trust', 'mtime')
  const args = [machine.at('d'), '--piece-length', '64K']
  const writer = openSync(machine.at('d/b'), 'r+')
  t.after(() => {
    closeSync(writer)
  })
  await infoHashesFrom(machine, [...args, ...machine.asking])
  writeSync(writer, 'other')
  utimesSync(machine.at('d/b'), PLANTED, PLANTED)
  const { hashes } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
  assert.equal(worker.stdout().match(/^hashed /gm)?.length, 2)
})

longTest('without a worker the machine hashes itself, and says so once', { skip }, async (t) => {
  const machine = makeAsking(t, emptyRedis().url, FILES)
  const args = [machine.at('d'), '--piece-length', '64K']
  const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
  assert.match(stderr, /^btkit: warning: \S+: no worker takes jobs there; hashing here for now\n$/)
})

test('a run too short for workers says so, and a worker prints its jobs', { skip }, async (t) => {
  const machine = makeAsking(t, emptyRedis().url, { ...FILES, small: 10 })
  const worker = await machine.startWorker('one')
  const few = await machine.run(
    'makemetafile',
    machine.at('small'),
    '--trackerless',
    ...machine.asking,
  )
  const note = 'no worker of --queue hashed anything; small files and short runs are hashed here'
  assert.ok(few.stderr.includes(`btkit: ${note}\n`), few.stderr)
  const many = await machine.run(
    'makemetafile',
    machine.at('d'),
    '--trackerless',
    ...machine.asking,
  )
  assert.ok(!many.stderr.includes(note), many.stderr)
  await until('a job is printed', () => /^hashed .* of s\/d\//m.test(worker.stdout()))
})

test('without a Redis the machine hashes itself', async (t) => {
  const machine = makeAsking(t, 'redis://127.0.0.1:1', { a: SIZE })
  const args = [machine.at('a')]
  const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
  assert.match(stderr, /nothing listens there; hashing here for now/)
})

test('a terminal sees how much is hashed here of what no worker takes', async (t) => {
  const machine = makeAsking(t, 'redis://127.0.0.1:1', { a: SIZE })
  const stderr = Object.assign(new Captured(), { isTTY: true, columns: 100 })
  const args = [machine.at('a'), '--trackerless', '--no-cache', '--max-rate', '8M']
  assertStatus(await runBtkit(['makemetafile', ...args, ...machine.asking], { stderr }), 0)
  assert.match(stderr.text, / \d[^ ]* [KM]iB of 5 MiB /)
})

test('a file that differs on the worker fails its job, not the run', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  const other = makeAsking(t, redis.url, { a: SIZE + 1 })
  const worker = await other.startWorker('other')
  const args = [machine.at('a')]
  const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
  const why = 's:a: size or modification time differs on this machine'
  assert.match(stderr, new RegExp(`a job failed: ${why} \\(worker other\\); hashing here`))
  assert.match(worker.stderr(), new RegExp(why))
  const status = ['queue', 'status', '--queue', redis.url]
  const { stdout } = await runBtkit([...status, '--json'])
  const report = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual(
    [report['workers'], report['waiting'], report['active'], report['failedCount']],
    [[workerName('other')], 0, [], 1],
  )
  assert.deepEqual(report['failed'], [
    {
      name: 's:a',
      bytes: SIZE,
      worker: workerName('other'),
      reason: `${why} (worker other)`,
    },
  ])
  assert.match(
    (await runBtkit(status)).stdout,
    /failed: {2}1 job\n {2}s:a: size or modification time differs/,
  )
  const cleared = await runBtkit(['queue', 'clear', '--queue', redis.url])
  assert.equal(cleared.stdout, 'removed 1 failed job\n')
  assert.match((await runBtkit(status)).stdout, /failed: {2}0 jobs\n$/)
})

longTest('a worker ends at a signal though Redis is gone', { skip }, async (t) => {
  const redis = await startRedis(t)
  const machine = makeAsking(t, redis.url, { a: SIZE })
  const { child, ended } = startCollecting('btkit', ['worker', ...machine.asking], { t })
  const isThere = () => redis.send('client', 'list').includes(':w:')
  // It says that it takes jobs
  await Promise.all([once(child.stdout, 'data'), until('the worker is connected', isThere)])
  redis.kill()
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  assert.equal(status, 0)
  assert.match(stdout, /^\S+ takes jobs from [^\n]+\n$/)
  assert.match(stderr, /^(btkit: warning: \S+: [^\n]+; waiting for it\n)+$/)
})

longTest('two workers of one machine are both shown', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  await machine.startWorker('one')
  const args = ['worker', ...machine.asking, '--share-machine', 'one']
  const other = startExecutable('btkit', args, { t })
  const names = [workerName('one'), `one/${other.pid}`].sort()
  const shown = `workers: ${names.join(', ')}\n`
  await until('both are shown', async () => {
    const { stdout } = await runBtkit(['queue', 'status', '--queue', redis.url])
    return stdout.includes(shown)
  })
  other.kill('SIGTERM')
  await until('one is shown', async () => {
    const { stdout } = await runBtkit(['queue', 'status', '--queue', redis.url])
    return stdout.includes(`workers: ${workerName('one')}\n`)
  })
})

test('a worker refuses jobs that are signed with another key', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  const worker = await machine.startWorker('one', '--share-key-file', plantKeys(t, OTHER_KEY))
  const args = [machine.at('a'), ...machine.asking]
  const { stderr } = await infoHashesFrom(machine, args)
  assert.match(stderr, /a job failed: not signed with the key of worker one; hashing here/)
  assert.match(worker.stderr(), /refused a job that is not signed with the key/)
})

longTest('a worker that knows the old key as its second one takes jobs', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  const key = plantKeys(t, OTHER_KEY, KEY)
  await machine.startWorker('one', '--share-key-file', key)
  const both = ['--share-key-file', plantKeys(t, KEY, OTHER_KEY)]
  const { stderr } = await infoHashesFrom(machine, [machine.at('a'), ...machine.asking, ...both])
  assert.equal(stderr, '')
})

longTest('a worker keeps digests in its own cache', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  const worker = await machine.startWorker('one', '--cache-trust', 'mtime')
  const args = [machine.at('a'), ...machine.asking]
  const { hashes } = await infoHashesFrom(machine, args)
  // A worker writes all of its cache when it ends
  await worker.stop()
  await machine.startWorker('one', '--cache-trust', 'mtime')
  // A change that size and time do not show
  writeFileSync(machine.at('a'), Buffer.alloc(SIZE))
  utimesSync(machine.at('a'), PLANTED, PLANTED)
  assert.deepEqual((await infoHashesFrom(machine, args)).hashes, hashes)
})

test('--queue without a key or a share is refused', async (t) => {
  const directory = makeScratch(t, { a: 'a' })
  const queue = ['--queue', 'redis://127.0.0.1:1']
  for (const command of [['makemetafile', join(directory, 'a')], ['worker']]) {
    const share = ['--share', `s=${directory}`]
    const keyless = assertStatus(await runBtkit([...command, ...queue, ...share]), 2)
    assert.match(keyless.stderr, /--queue: name the file with the key by --share-key-file\n/)
    const shareless = await runBtkit([...command, ...queue, '--share-key-file', plantKeys(t, KEY)])
    assert.equal(shareless.status, 2)
    assert.match(shareless.stderr, /--queue: name the directories of all workers by --share\n/)
  }
})

test('a password of the queue on the command line is refused', async () => {
  const { status, stderr } = await runBtkit(['queue', 'status', '--queue', 'redis://:secret@h'])
  assert.equal(status, 2)
  assert.ok(!stderr.includes('secret'), stderr)
})

test('queue commands say that Redis does not answer', async () => {
  const refused = await runBtkit(['queue', 'status', '--queue', 'redis://127.0.0.1:1'])
  assertError(refused, 'unreachable', 'redis://127.0.0.1:1: nothing listens there')
})

longTest('jobs that somebody broke are shown as such, and can be removed', { skip }, async () => {
  const redis = emptyRedis()
  const broken = [
    ['data', '{bad'],
    ['data', '{}', 'opts', '[bad'],
    ['data', '{}', 'progress', '{bad'],
    ['data', '"{bad"', 'failedReason', 'why'],
  ]
  for (const [i, fields] of broken.entries()) {
    redis.send('HSET', `{btkit}:hash:forged${i}`, ...fields)
    redis.send('ZADD', '{btkit}:hash:failed', '1', `forged${i}`)
  }
  redis.send('ZADD', '{btkit}:hash:failed', '1', 'missing')
  redis.send('HSET', '{btkit}:hash:running', 'data', '{bad')
  redis.send('LPUSH', '{btkit}:hash:active', 'running')
  const status = assertQuiet(await runBtkit(['queue', 'status', '--queue', redis.url, '--json']))
  const { active, failed, failedCount } = JSON.parse(status.stdout) as Record<string, unknown>
  const unreadable = { name: 'unknown', bytes: 0, worker: null }
  assert.deepEqual(active, [unreadable])
  assert.equal(failedCount, 5)
  const reasons = (failed as { reason: string }[]).map(({ reason }) => reason)
  const why = (id: string) => `job ${id} is not readable; remove it with: btkit queue clear`
  const others = ['forged0', 'forged1', 'forged2', 'missing'].map(why)
  assert.deepEqual(reasons.sort(), [...others, 'why'].sort())
  const cleared = await runBtkit(['queue', 'clear', '--queue', redis.url])
  assert.deepEqual([cleared.stdout, cleared.stderr], ['removed 5 failed jobs\n', ''])
  assert.equal(redis.send('EXISTS', '{btkit}:hash:failed', '{btkit}:hash:forged0'), '0')
})

/** Names a connection as BullMQ names those of workers, until the test ends. */
function connectAsWorker(t: TestContext, redis: RedisServer): void {
  const socket = connect(redis.port, '127.0.0.1')
  socket.write('CLIENT SETNAME {btkit}:aGFzaA==:w:nobody\r\n')
  t.after(() => socket.destroy())
}

longTest('events that somebody broke do not keep a run waiting', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  // A worker that died a moment ago
  connectAsWorker(t, redis)
  const broken = ['event', 'completed', 'jobId', 'x', 'returnvalue', '{bad']
  const breaking = setInterval(() => redis.send('XADD', '{btkit}:hash:events', '*', ...broken), 200)
  t.after(() => {
    clearInterval(breaking)
  })
  const { stderr } = await infoHashesFrom(machine, [machine.at('a'), ...machine.asking])
  assert.match(stderr, /the events of jobs are broken; hashing here for now\n$/)
})

longTest('a worker that hangs does not keep a run waiting', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: SIZE })
  connectAsWorker(t, redis)
  const { silence } = queueTimes
  queueTimes.silence = 500
  t.after(() => (queueTimes.silence = silence))
  const args = [machine.at('a')]
  const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.match(stderr, /: no worker ends a job; hashing here for now\n$/)
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
})

longTest('files of less than 4 MiB are hashed here, without jobs', { skip }, async (t) => {
  const redis = emptyRedis()
  const machine = makeAsking(t, redis.url, { a: 4 * MIB - 1 })
  const worker = await machine.startWorker('one', '--share-key-file', plantKeys(t, OTHER_KEY))
  const { stderr } = await infoHashesFrom(machine, [machine.at('a'), ...machine.asking])
  // A worker with another key refuses each job
  assert.deepEqual([stderr, worker.stderr()], ['', ''])
})
