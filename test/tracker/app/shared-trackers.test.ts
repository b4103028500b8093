import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { announcePacket, connectPacket } from '../wires/packets.js'
import { longTest } from '../../support/long.js'

const skip = WITHOUT_REDIS
const HASH = 'ab'.repeat(20)

/** A client that asks the UDP ports of several trackers from one address. */
function udpClient(t: TestContext) {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  return async (port: number, packet: Uint8Array) => {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(20_000) })
    socket.send(packet, port, '127.0.0.1')
    return ((await answered) as [Buffer])[0]
  }
}

type Tracker = Awaited<ReturnType<typeof startTrack>>

/** The peers that a new seed at port 9 gets. */
async function peersAt(tracker: Tracker, hash = HASH): Promise<string[]> {
  const asks = { peer: 'asks', port: 9, left: 5 }
  const peers = compactPeers(await tracker.ask(announceQuery(hash, asks)))
  await tracker.ask(announceQuery(hash, { ...asks, event: 'stopped' }))
  return peers.filter((peer) => peer !== '127.0.0.1:9')
}

const hasPeers = (tracker: Tracker, ...ports: number[]) => {
  const wanted = ports.map((port) => `127.0.0.1:${port}`).join()
  return async () => (await peersAt(tracker)).sort().join() === wanted
}

async function countsAt(tracker: Tracker, hash = HASH) {
  const scrape = `/scrape?info_hash=${hash.replace(/../g, '%$&')}`
  return (await tracker.get(scrape)).text()
}

test('a client that announces here and stops there at once is gone', { skip }, async (t) => {
  const redis = await startRedis(t)
  const args = ['--store', redis.url]
  const trackers = [await startTrack(t, { args }), await startTrack(t, { args })] as const
  const [one, other] = trackers
  for (const [hash, isKnownThere] of [
    ['cd'.repeat(20), false],
    ['ef'.repeat(20), true],
  ] as const) {
    const seed = { peer: 'seed', port: 1111 }
    if (isKnownThere) {
      await one.ask(announceQuery(hash, { ...seed, left: 5, event: 'started' }))
      await until('known', async () => (await peersAt(other, hash)).length > 0)
    }
    await one.ask(announceQuery(hash, { ...seed, event: 'completed' }))
    await other.ask(announceQuery(hash, { ...seed, event: 'stopped' }))
    // Later changes come later
    await one.ask(announceQuery(hash, { peer: 'a', port: 2222, left: 5 }))
    await other.ask(announceQuery(hash, { peer: 'b', port: 3333, left: 5 }))
    for (const tracker of trackers) {
      await until('the others are known, and it is not', async () => {
        return (await peersAt(tracker, hash)).sort().join() === '127.0.0.1:2222,127.0.0.1:3333'
      })
      assert.match(await countsAt(tracker, hash), /10:downloadedi1e/)
    }
  }
  await one.ask(announceQuery(HASH, { peer: 'last', port: 4444 }))
  await one.stop()
  await until('the last one before the end is known', hasPeers(other, 4444))
})

longTest('without Redis each tracker goes on alone, and then they agree', { skip }, async (t) => {
  const redis = await startRedis(t)
  const args = ['--store', redis.url]
  const [one, other] = [await startTrack(t, { args }), await startTrack(t, { args })]
  await one.ask(announceQuery(HASH, { peer: 'a', port: 1111, event: 'completed' }))
  await until('the other knows it', hasPeers(other, 1111))
  const metrics = async (tracker: Tracker) => (await tracker.get('/-/metrics')).text()
  assert.match(await metrics(one), /btkit_track_store_up 1\n/)
  redis.kill()
  await one.ask(announceQuery(HASH, { peer: 'b', port: 2222, event: 'completed' }))
  await other.ask(announceQuery(HASH, { peer: 'c', port: 3333, event: 'completed' }))
  assert.deepEqual((await peersAt(one)).sort(), ['127.0.0.1:1111', '127.0.0.1:2222'])
  await until('noticed', async () => /store_up 0\n/.test(await metrics(one)))
  assert.match(await metrics(one), /btkit_track_store_failures_total [1-9]\d*\n/)
  await redis.restart()
  await until('one knows all', hasPeers(one, 1111, 2222, 3333))
  await until('the other knows all', hasPeers(other, 1111, 2222, 3333))
  await until('they agree on downloads', async () => {
    const counts = [await countsAt(one), await countsAt(other)]
    return counts.every((each) => /10:downloadedi3e/.test(each))
  })
  const { stderr } = await one.stop()
  assert.match(
    stderr,
    /^btkit: warning: redis:.*: working without it for now: .*\n.*swarms are shared again\n$/,
  )
})

longTest('a tracker that starts later knows all swarms', { skip }, async (t) => {
  const redis = await startRedis(t)
  const args = ['--store', redis.url]
  const [one, other] = [await startTrack(t, { args }), await startTrack(t, { args })]
  await one.ask(announceQuery(HASH, { peer: 'a', port: 1111, event: 'completed' }))
  await other.ask(announceQuery(HASH, { peer: 'b', port: 2222, left: 5 }))
  await until('shared', hasPeers(one, 1111, 2222))
  const third = await startTrack(t, { args })
  await until('known', hasPeers(third, 1111, 2222))
  assert.match(await countsAt(third), /10:downloadedi1e/)
  // A change that another one has read is not applied again
  await until('counted once', async () => /10:downloadedi1e/.test(await countsAt(one)))
})

test('a tracker takes only peers that it would take from its clients', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [allowed, banned] = ['cd'.repeat(20), 'ef'.repeat(20)]
  const files = makeScratch(t, { list: `${allowed}\n`, ips: '127.0.0.7\n' })
  const one = await startTrack(t, {
    args: ['--store', redis.url, '--only-local-override-ip', '0'],
  })
  const other = await startTrack(t, {
    args: ['--store', redis.url, '--allowed-list', join(files, 'list')].concat(
      ...['--banned-ips', join(files, 'ips')],
    ),
  })
  for (const hash of [banned, allowed]) {
    await one.ask(announceQuery(hash, { peer: 'bad', port: 1111, left: 5, ip: '127.0.0.7' }))
    await one.ask(announceQuery(hash, { peer: 'good', port: 2222, left: 5 }))
  }
  await until('known', async () => (await peersAt(other, allowed)).length > 0)
  assert.deepEqual(await peersAt(other, allowed), ['127.0.0.1:2222'])
  const { totals } = (await (await other.get('/index.json')).json()) as {
    totals: { torrents: number }
  }
  assert.equal(totals.torrents, 1)
})

test('a client over UDP may go to any tracker with the same key', { skip }, async (t) => {
  const redis = await startRedis(t)
  const files = makeScratch(t, { key: `${'k'.repeat(32)}\n`, url: `${redis.url}\n` })
  const ask = udpClient(t)
  const shared = ['--store', `file:${join(files, 'url')}`, '--store-key-file', join(files, 'key')]
  const answersOf = async (args: readonly string[]) => {
    const [one, other] = [await startTrack(t, { args }), await startTrack(t, { args })]
    const id = (await ask(one.port, connectPacket())).subarray(8)
    const answer = await ask(other.port, announcePacket(id, { peer: 'a', port: 5 }))
    return answer.readUInt32BE(0)
  }
  assert.equal(await answersOf(shared), 1)
  assert.equal(await answersOf(shared.slice(0, 2)), 3)
})

test('a password on the command line is refused, and no message has it', async (t) => {
  const state = join(makeScratch(t), 'state')
  const args = ['track', '--open', '--state', state, '--store', 'redis://:hunter2@127.0.0.1:1']
  const { stderr } = assertStatus(await runBtkit(args), 2)
  assert.match(stderr, /--store: other users can see a password on a command line/)
  assert.doesNotMatch(stderr, /hunter2/)
})

test('what Redis refuses, loses or does not have from a tracker is told', { skip }, async (t) => {
  const redis = await startRedis(t)
  const tracker = await startTrack(t, { args: ['--store', redis.url] })
  const isUp = (up: number) => async () =>
    (await (await tracker.get('/-/metrics')).text()).includes(`btkit_track_store_up ${up}\n`)
  await until('it is joined', isUp(1))
  redis.send('CONFIG', 'SET', 'maxmemory', '1')
  await tracker.ask(announceQuery(HASH, { peer: 'a', port: 1111 }))
  await until('it is refused', isUp(0))
  await until('the reason is told', () => /OOM/.test(tracker.stderr.text))
  const isRefusedAgain = () => /cmdstat_xadd:.*rejected_calls=[2-9]/.test(redis.send('INFO', 'all'))
  await until('it is refused again, which is the same failure', isRefusedAgain)
  redis.send('CONFIG', 'SET', 'maxmemory', '0')
  await until('it is up', isUp(1))
  redis.send('REPLICAOF', '127.0.0.1', '1')
  await tracker.ask(announceQuery(HASH, { peer: 'b', port: 2222 }))
  await until('the other reason is told', () => /READONLY/.test(tracker.stderr.text))
  redis.send('REPLICAOF', 'NO', 'ONE')
  await until('it is up again', isUp(1))
  assert.match(await (await tracker.get('/-/metrics')).text(), /store_failures_total 2\n/)
  const stranger = ['from', 'ab'.repeat(8), 'changes', 'no records', 'at', '1']
  redis.send('XADD', 'btkit:{track}:changes', '*', ...stranger)
  await until('they are told', () => /has changes that cannot be read/.test(tracker.stderr.text))
  redis.kill()
  await until('it is gone', isUp(0))
  await redis.restart()
  await until('that it is back is told', () => /swarms are shared again/.test(tracker.stderr.text))
  await tracker.stop()
  // Only who asks is left
  await until('it has left', () => redis.send('CLIENT', 'LIST').split('\n').length === 1)
})

test(
  'a tracker that starts after the clock of Redis was set learns the peers',
  { skip },
  async (t) => {
    const redis = await startRedis(t)
    const args = ['--store', redis.url]
    let behind = 0
    // For the tracker, its own clock behind is that of Redis ahead
    const io = { monotonic: () => performance.now() - behind }
    const one = await startTrack(t, { args, io })
    await one.ask(announceQuery(HASH, { peer: 'a', port: 1111 }))
    behind = 20_000_000
    await one.ask(announceQuery(HASH, { peer: 'b', port: 2222 }))
    const other = await startTrack(t, { args })
    await until('the other knows both', hasPeers(other, 1111, 2222))
  },
)

test('changes do not fill Redis after its clock was ahead', { skip }, async (t) => {
  const redis = await startRedis(t)
  const stream = 'btkit:{track}:changes'
  const fill = `for n = 1, 4000 do redis.call('XADD', KEYS[1], ARGV[1] .. '-' .. n, 'from', '') end`
  redis.send('EVAL', fill, '1', stream, String(Date.now() + 86_400_000))
  const tracker = await startTrack(t, { args: ['--store', redis.url] })
  await tracker.ask(announceQuery(HASH, { peer: 'a', port: 1111 }))
  await until('few are left', () => Number(redis.send('XLEN', stream)) < 3500)
})
