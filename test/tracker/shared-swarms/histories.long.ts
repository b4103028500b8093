import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { until } from '../../support/until.js'
import { randomNumbers } from '../../../src/tracker/swarms/open-swarms.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { compareHistory, TIMEOUT } from '../swarms/plain-histories.js'
import { testChanceOfPeers } from '../swarms/store-suite.js'
import { announceOf, digestOf, peersOf } from '../swarms/store.js'
import { openShared } from './shared-store.js'

const skip = WITHOUT_REDIS
const server = skip ? null : await startRedis({ after })

function emptyUrl(): string {
  assert.ok(server)
  server.send('flushall')
  return server.url
}

testChanceOfPeers((t, changed) => openShared(t, emptyUrl(), changed), skip)

test('40,000 random announces to Redis give the same state as the model', { skip }, async (t) => {
  const { store, clock } = await openShared(t, emptyUrl(), { peerTimeout: TIMEOUT })
  for (const seed of [3, 4]) {
    // Peers of the history before have expired
    clock.now += 10 * TIMEOUT
    const expire = () => undefined
    await compareHistory({ store, clock, announces: 20_000, seed, expire })
  }
})

test(
  'Redis killed or stalled 30 times: after its next announce each peer is there',
  { skip },
  async (t) => {
    const redis = await startRedis(t)
    const trackers = [await openShared(t, redis.url), await openShared(t, redis.url)]
    const random = randomNumbers(pseudoRandom(16, 7))
    const alive = new Map<number, boolean>()
    const announce = async (n: number, event: 'none' | 'stopped') => {
      const { store } = trackers[random() % 2]!
      const answer = await store.announce(announceOf({ peer: `${n}`, port: n, event, wanted: 500 }))
      // No answer has a peer that never was, nor the one who asks
      for (const peer of peersOf(answer)) {
        const port = Number(peer.split(':')[1])
        assert.ok(port !== n && alive.has(port), peer)
      }
    }
    for (let turn = 0; turn < 30; turn += 1) {
      const end = async () => {
        await setTimeout(random() % 60)
        if (turn % 2 === 0) await redis.restart()
        else {
          redis.stall()
          await setTimeout(random() % 500)
          redis.resume()
        }
      }
      const ended = end()
      for (let count = 0; count < 60; count += 1) {
        const n = 1 + (random() % 200)
        const stops = random() % 4 === 0 && alive.get(n) === true
        alive.set(n, !stops)
        await announce(n, stops ? 'stopped' : 'none')
      }
      await ended
      const failures = () => trackers.reduce((sum, { store }) => sum + store.failures, 0)
      // On a busy machine Redis may be slow once more: then announces have to come again
      for (let before = -1; before !== failures();) {
        await until('both are back', () => {
          return Promise.resolve(trackers.every(({ store }) => store.state === 'joined'))
        })
        before = failures()
        for (const [n, isAlive] of alive) if (isAlive) await announce(n, 'none')
      }
      const peers = await trackers[turn % 2]!.store.announce(
        announceOf({ peer: 'asks', port: 999, isComplete: true, wanted: 500 }),
      )
      const found = new Set(peersOf(peers).map((peer) => Number(peer.split(':')[1])))
      alive.delete(999)
      for (const [n, isAlive] of alive) if (isAlive) assert.ok(found.has(n), `peer ${n}`)
      // A client that stopped at one tracker may stay known to another until it expires
      assert.equal(peers.incomplete, found.size)
      alive.set(999, true)
      assert.ok((await trackers[0]!.store.scrape(digestOf('torrent'))) !== null)
    }
  },
)
