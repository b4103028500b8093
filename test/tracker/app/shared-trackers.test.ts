import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { announcePacket, connectPacket } from '../udp/packets.js'

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

test('trackers share peers, pages and metrics, and go on without Redis', { skip }, async (t) => {
  const redis = await startRedis(t)
  const args = ['--store', redis.url]
  const [one, other] = [await startTrack(t, { args }), await startTrack(t, { args })]
  await one.ask(announceQuery(HASH, { peer: 'seed', port: 1111, event: 'completed' }))
  const answer = await other.ask(announceQuery(HASH, { peer: 'leech', port: 2222, left: 5 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:1111'])
  assert.deepEqual([answer.get('complete'), answer.get('incomplete')], [1, 1])
  const scraped = await (await one.get(`/scrape?info_hash=${HASH.replace(/../g, '%$&')}`)).text()
  assert.match(scraped, /8:completei1e10:downloadedi1e11:downloadersi1e/)
  type Page = { totals: Record<'torrents' | 'complete' | 'downloading' | 'downloaded', number> }
  const { totals } = (await (await other.get('/index.json')).json()) as Page
  const { torrents, complete, downloading, downloaded } = totals
  assert.deepEqual([torrents, complete, downloading, downloaded], [1, 1, 1, 1])
  const metrics = async () => (await one.get('/-/metrics')).text()
  assert.match(await metrics(), /btkit_track_peers 2\n[^]*btkit_track_store_up 1\n/)
  redis.kill()
  const alone = await one.ask(announceQuery(HASH, { peer: 'late', port: 3333, left: 5 }))
  assert.deepEqual(compactPeers(alone), ['127.0.0.1:1111'])
  const found = await metrics()
  assert.match(found, /btkit_track_store_up 0\n/)
  assert.match(found, /btkit_track_store_failures_total 1\n/)
  await redis.restart()
  await until('swarms are shared again', async () => /store_up 1\n/.test(await metrics()))
  const { stderr } = await one.stop()
  assert.match(
    stderr,
    /^btkit: warning: redis:.*: not used for now: .*\n.*swarms are shared again\n$/,
  )
})

test('a client over UDP may go to any tracker with the same key', { skip }, async (t) => {
  const redis = await startRedis(t)
  const files = makeScratch(t, { key: `${'k'.repeat(32)}\n`, url: `${redis.url}\n` })
  const ask = udpClient(t)
  const shared = ['--store', `file:${join(files, 'url')}`, '--share-key-file', join(files, 'key')]
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
  const { status, stderr } = await runBtkit(args)
  assert.equal(status, 2)
  assert.match(stderr, /--store: other users can see a password on a command line/)
  assert.doesNotMatch(stderr, /hunter2/)
})
