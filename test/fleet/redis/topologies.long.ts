import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { queueTimes } from '../../../src/fleet/connect.js'
import { parseRedisUrl } from '../../../src/fleet/redis/client.js'
import { RedisLink } from '../../../src/fleet/redis/link.js'
import { makeMachine, plantShared, SIZE } from '../../support/fleet.js'
import { findFreePort } from '../../support/opentracker.js'
import { infoHashesFrom, makeAsking } from '../../support/queue.js'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** Starts a cluster of three nodes. */
async function startCluster(t: TestContext) {
  const args = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf']
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis(t, args)))
  const places = nodes.map(({ port }) => `127.0.0.1:${port}`)
  spawnSync('redis-cli', ['--cluster', 'create', ...places, '--cluster-yes'])
  await until('the cluster is ready', () => {
    return nodes.every(({ send }) => send('cluster', 'info').includes('cluster_state:ok'))
  })
  return { nodes, url: `redis+cluster://${places.slice(0, 2).join(',')}` }
}

test('workers take jobs through a cluster', { skip: WITHOUT_REDIS }, async (t) => {
  const { url } = await startCluster(t)
  queueTimes.patience = 5000
  const machine = makeAsking(t, url, { a: 1_000_000 })
  const worker = await machine.startWorker('one')
  const args = [machine.at('a')]
  const { hashes, stderr } = await infoHashesFrom(machine, [...args, ...machine.asking])
  assert.deepEqual(hashes, (await infoHashesFrom(machine, args)).hashes)
  assert.deepEqual([stderr, worker.stderr()], ['', ''])
  assert.equal(await worker.stop(), 0)
})

test('three machines share digests through a cluster', { skip: WITHOUT_REDIS }, async (t) => {
  const { nodes, url } = await startCluster(t)
  const [one, two] = ['one', 'two'].map((name) => makeMachine(t, name, { url }))
  assert.ok(one && two)
  const names = Array.from({ length: 20 }, (_, i) => `file${i}`)
  for (const [seed, name] of names.entries()) {
    for (const machine of [one, two]) plantShared(machine, name, seed)
    assert.equal((await one.make(name)).bytesHashed, SIZE)
  }
  for (const name of names) assert.equal((await two.make(name)).bytesHashed, 0)
  const counts = nodes.map(({ send }) => Number(send('dbsize')))
  assert.ok(counts.filter((records) => records > 0).length > 1, counts.join(' '))
  const { stdout } = await two.run('cache', 'stats', '--cache-url', url)
  assert.match(stdout, /shared: +20 records/)
})

test('a link follows a failover that sentinels decide', { skip: WITHOUT_REDIS }, async (t) => {
  const primary = await startRedis(t)
  const replica = await startRedis(t, ['--replicaof', '127.0.0.1', String(primary.port)])
  await until('the replica follows', () => {
    return replica.send('info', 'replication').includes('master_link_status:up')
  })
  const port = await findFreePort()
  const file = `${makeScratch(t)}/sentinel.conf`
  const own = [`sentinel monitor main 127.0.0.1 ${primary.port} 1`]
  const limits = [
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 5000',
  ]
  writeFileSync(file, [`port ${port}`, ...own, ...limits].join('\n'))
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  t.after(() => sentinel.kill('SIGKILL'))
  const address = parseRedisUrl(`redis+sentinel://127.0.0.1:${port}/main`)
  const link = new RedisLink(address, { warn: () => undefined, pauseMs: 0 })
  t.after(() => {
    link.close()
  })
  const set = async () => (await link.ask((client) => client.set('a', 'b'))) === 'OK'
  await until('the primary answers', set)
  await until('sentinel knows the replica', () => {
    const { stdout } = spawnSync('redis-cli', ['-p', String(port), 'sentinel', 'replicas', 'main'])
    return stdout.toString().includes(String(replica.port))
  })
  primary.kill()
  await until('the replica has become the primary', set)
  assert.match(replica.send('info', 'replication'), /role:master/)
})
