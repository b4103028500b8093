import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../../support/redis.js'
import { until } from '../../support/until.js'
import { compareHistory, TIMEOUT } from '../swarms/plain-histories.js'
import { testSwarmStore } from '../swarms/store-suite.js'
import { announceOf, digestOf, peersOf } from '../swarms/store.js'
import { openShared } from './shared-store.js'

const skip = WITHOUT_REDIS

/** One server for the tests of this file that do not stop theirs. */
const server = skip ? null : await startRedis({ after })

/** That server, without swarms. */
function emptyRedis(): RedisServer {
  assert.ok(server)
  server.send('flushall')
  return server
}

testSwarmStore((t, changed) => openShared(t, emptyRedis().url, changed), skip)

test('2,000 random announces give the same state as the model', { skip }, async (t) => {
  const { url } = emptyRedis()
  const { store, clock } = await openShared(t, url, { peerTimeout: TIMEOUT })
  // Each call removes what expired before
  await compareHistory({ store, clock, announces: 2000, seed: 5, expire: () => undefined })
})

const hashOf = (torrent: string) => Buffer.from(digestOf(torrent)).toString('hex')
const at = (n: number) => announceOf({ peer: `${n}`, port: n })

test('trackers with one Redis share swarms', { skip }, async (t) => {
  const { url } = emptyRedis()
  const [one, other] = [await openShared(t, url), await openShared(t, url)]
  await one.store.announce(announceOf({ event: 'completed', isComplete: true }))
  assert.deepEqual(peersOf(await other.store.announce(at(2))), ['10.0.0.1:6881'])
  const counts = { complete: 1, incomplete: 1, downloaders: 1, downloaded: 1 }
  assert.deepEqual(await one.store.scrape(digestOf('torrent')), counts)
  await other.store.announce(announceOf({ event: 'stopped' }))
  assert.deepEqual(await one.store.totals(), { swarms: 1, peers: 1, seeds: 0 })
})

test('a list in parts has the swarms of all trackers', { skip }, async (t) => {
  const { url } = emptyRedis()
  const [one, other] = [await openShared(t, url), await openShared(t, url)]
  for (let n = 1; n <= 20; n += 1) {
    await (n % 2 ? one : other).store.announce(announceOf({ torrent: `${n}` }))
  }
  await other.store.announce(announceOf({ torrent: '3', event: 'stopped' }))
  const found: string[] = []
  for (let from: number | null = 0; from !== null;) {
    const page = await one.store.list(from, 7)
    found.push(...page.swarms.map(({ infoHash }) => Buffer.from(infoHash).toString('hex')))
    from = page.next
  }
  const wanted = Array.from({ length: 20 }, (_, n) => n + 1).filter((n) => n !== 3)
  assert.deepEqual(found.sort(), wanted.map((n) => hashOf(`${n}`)).sort())
})

test('large swarms have exact counts, peers that move, and expire', { skip }, async (t) => {
  const { url, send } = emptyRedis()
  const { store, clock } = await openShared(t, url, { peerTimeout: 100 })
  const peer = (n: number) => ({ peer: `${n}`, key: n, port: n, isComplete: n % 3 === 0 })
  const all = Array.from({ length: 1500 }, (_, n) => n + 1)
  for (const n of all) await store.announce(announceOf({ ...peer(n), wanted: 0 }))
  assert.deepEqual(await store.totals(), { swarms: 1, peers: 1500, seeds: 500 })
  // No key for moved peers is so large that Redis takes three times the memory for it
  const keys = send('--scan', '--pattern', 'btkit:swarm:*i*').split('\n')
  assert.ok(keys.length > 20)
  for (const key of keys) assert.equal(send('object', 'encoding', key), 'listpack')
  clock.now += 60
  const moved = all.filter((n) => n % 10 === 0)
  const move = (n: number) => announceOf({ ...peer(n), at: '10.0.0.2', wanted: 0 })
  for (const n of moved) await store.announce(move(n))
  assert.equal((await store.totals()).peers, 1500)
  clock.now += 60
  const asks = () => store.announce(announceOf({ peer: 'asks', at: '10.0.0.3', wanted: 2000 }))
  await until('others have expired', async () => (await asks()).complete === 50)
  const answer = await asks()
  assert.deepEqual(peersOf(answer).sort(), moved.map((n) => `10.0.0.2:${n}`).sort())
})

test('a peer that moves stays one peer while its swarm grows', { skip }, async (t) => {
  const { store } = await openShared(t, emptyRedis().url)
  for (let n = 1; n <= 60; n += 1) {
    await store.announce(announceOf({ peer: `${n}`, key: n, port: n, wanted: 0 }))
    const moved = announceOf({ peer: '1', key: 1, at: `10.0.1.${n}`, port: 1, wanted: 0 })
    assert.equal((await store.announce(moved)).incomplete, n)
    // Without a key, at the same address
    const other = announceOf({ peer: 'other', port: 1000 + n, wanted: 0 })
    assert.equal((await store.announce(other)).incomplete, n + 1)
    const gone = announceOf({ peer: 'other', port: 2000, event: 'stopped' })
    await store.announce(gone)
    assert.equal((await store.scrape(digestOf('torrent')))?.incomplete, n)
  }
})

test('what is no swarm is one warning, and filled again', { skip }, async (t) => {
  const { url, send } = emptyRedis()
  const { store, clock, warnings } = await openShared(t, url)
  const key = (kind: string) => `btkit:swarm:{${hashOf('torrent')}}${kind}`
  const spoil: (() => unknown)[] = [
    () => send('set', key('0'), 'nothing'),
    () => [send('del', key('0')), send('set', key('0'), 'nothing')],
    () => send('hset', key('0'), '123456', 'short'),
    () => send('hset', key('0'), 'short', 'x'.repeat(27)),
    () => send('hset', key('i'), 'd', 'many'),
    () => send('hset', key('i'), 's', '-1'),
    () => [send('del', key('i')), send('set', key('i'), 'x')],
    () => [send('del', key('i')), send('rpush', key('i'), 'x')],
  ]
  for (const act of spoil) {
    await store.announce(at(1))
    act()
    // A search for expired peers sees all
    clock.now += 100
    await store.announce(at(2))
    const answer = await store.announce(at(1))
    assert.deepEqual(peersOf(answer), ['10.0.0.1:2'])
    assert.equal(answer.incomplete, 2)
    assert.equal((await store.totals()).peers, 2)
  }
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /holds something else than a swarm; it is removed, and filled again$/)
  assert.equal(store.state, 'joined')
  send('set', 'btkit:swarms', 'x')
  assert.equal((await store.totals()).swarms, 0)
})

test('huge values in place of swarms never leave Redis', { skip }, async (t) => {
  const { url, send } = emptyRedis()
  const { store, clock } = await openShared(t, url)
  const sent = () => Number(/total_net_output_bytes:(\d+)/.exec(send('info', 'stats'))?.[1])
  const key = (kind: string) => `btkit:swarm:{${hashOf('torrent')}}${kind}`
  const huge = `string.rep('x', 5000000)`
  const acts = [
    [`redis.call('hset', KEYS[1], ${huge}, 'x')`, key('0')],
    [`redis.call('hset', KEYS[1], '123456', ${huge})`, key('0')],
    [`redis.call('hset', KEYS[1], 'd', ${huge})`, key('i')],
    [`redis.call('hset', KEYS[1], 'c', ${huge})`, key('i')],
    [`redis.call('sadd', KEYS[1], ${huge})`, 'btkit:swarms'],
  ]
  await store.announce(at(1))
  const before = sent()
  for (const [act = '', name = ''] of acts) {
    send('eval', act, '1', name)
    clock.now += 100
    await store.announce(at(2))
    const answer = await store.announce({ ...at(1), wantsIds: true })
    assert.deepEqual(peersOf(answer), ['10.0.0.1:2'])
    assert.equal((await store.totals()).peers, 2)
    assert.equal(store.state, 'joined')
  }
  assert.ok(sent() - before < 100_000)
  assert.equal(send('scard', 'btkit:swarms'), '1')
})

test('what clients send stays out of keys', { skip }, async (t) => {
  const { url, send } = emptyRedis()
  const { store } = await openShared(t, url)
  const odd = Buffer.from('}{\r\n*:\0btkit:swarms'.padEnd(20, '}'))
  await store.announce({ ...at(1), infoHash: odd.subarray(0, 20), peerId: odd.subarray(0, 20) })
  await until('it is listed', () => Promise.resolve(send('exists', 'btkit:swarms') === '1'))
  const keys = send('--scan').split('\n').sort()
  const hex = odd.subarray(0, 20).toString('hex')
  assert.deepEqual(keys, [`btkit:swarm:{${hex}}0`, `btkit:swarm:{${hex}}i`, 'btkit:swarms'])
})

test('without Redis a tracker goes on alone, and brings in what it saw', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [one, other] = [await openShared(t, redis.url), await openShared(t, redis.url)]
  for (const n of [1, 2]) await one.store.announce(at(n))
  await one.store.announce(announceOf({ peer: 's', event: 'completed', isComplete: true }))
  redis.kill()
  const answer = await one.store.announce(at(3))
  assert.equal(answer.incomplete, 3)
  assert.equal(one.store.state, 'alone')
  await one.store.announce({ ...at(1), event: 'stopped' })
  await one.store.announce({ ...at(2), event: 'completed', isComplete: true })
  assert.deepEqual(peersOf(await other.store.announce(at(4))), [])
  await redis.restart()
  await until('both are back', () => {
    return Promise.resolve([one, other].every(({ store }) => store.state === 'joined'))
  })
  const counts = { complete: 2, incomplete: 2, downloaders: 2, downloaded: 2 }
  assert.deepEqual(await other.store.scrape(digestOf('torrent')), counts)
  for (const { warnings } of [one, other]) {
    assert.equal(warnings.length, 2)
    assert.match(warnings[0]!, /not used for now/)
    assert.match(warnings[1]!, /swarms are shared again$/)
  }
  assert.equal(one.store.failures, 1)
})

test('a stalled Redis delays one moment only, and loses nothing', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [one, other] = [await openShared(t, redis.url), await openShared(t, redis.url)]
  await other.store.announce(at(9))
  await one.store.announce(at(1))
  redis.stall()
  assert.deepEqual(peersOf(await one.store.announce(at(2))), ['10.0.0.1:1'])
  await one.store.announce(at(3))
  await one.store.announce({ ...at(1), event: 'stopped' })
  redis.resume()
  await until('it is back', () => Promise.resolve(one.store.state === 'joined'))
  const answer = await one.store.announce(at(2))
  assert.deepEqual(peersOf(answer), ['10.0.0.1:3', '10.0.0.1:9'])
})

test('a tracker that starts without Redis joins when it is there', { skip }, async (t) => {
  const redis = await startRedis(t)
  redis.kill()
  const { store } = await openShared(t, redis.url)
  assert.equal(store.state, 'alone')
  await store.announce(at(1))
  await redis.restart()
  await until('it is there', () => Promise.resolve(store.state === 'joined'))
  assert.equal((await store.totals()).peers, 1)
})

test('a tracker without clients fills a Redis that started again', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [one, other] = [await openShared(t, redis.url), await openShared(t, redis.url)]
  await one.store.announce(at(1))
  await redis.restart()
  await until('the other tracker knows the peer', async () => {
    return (await other.store.scrape(digestOf('torrent')))?.incomplete === 1
  })
})
