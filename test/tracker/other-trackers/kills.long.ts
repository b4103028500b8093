import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { randomNumbers } from '../../support/pseudo-random.js'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const HASH = 'ab'.repeat(20)

test(
  'Redis killed or stalled 20 times: in the end all trackers know the same peers',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const redis = await startRedis(t)
    const args = ['--store', redis.url, '--max-give', '1000', '--response-size', '500']
    const trackers = [await startTrack(t, { args }), await startTrack(t, { args })]
    const random = randomNumbers(7)
    const alive = new Map<number, boolean>()
    let completed = 0
    const announce = async (port: number, event: string) => {
      const tracker = trackers[random() % trackers.length]!
      const left = event === 'completed' ? 0 : 5
      const answer = await tracker.ask(announceQuery(HASH, { peer: `${port}`, port, left, event }))
      // No answer has a peer that never was, nor the one who asks
      for (const peer of compactPeers(answer)) {
        const other = Number(peer.split(':')[1])
        assert(other !== port && alive.has(other), peer)
      }
    }
    for (let turn = 0; turn < 20; turn += 1) {
      const end = async () => {
        await setTimeout(random() % 600)
        if (turn % 2 === 0) await redis.restart()
        else {
          redis.stall()
          await setTimeout(random() % 3000)
          redis.resume()
        }
      }
      const ended = end()
      for (let count = 0; count < 60; count += 1) {
        const port = 1 + (random() % 200)
        const stops = random() % 4 === 0 && alive.get(port) === true
        const isDownload = !stops && !alive.has(port)
        alive.set(port, !stops)
        if (isDownload) completed += 1
        await announce(port, stops ? 'stopped' : isDownload ? 'completed' : 'started')
        await setTimeout(random() % 20)
      }
      await ended
    }
    trackers.push(await startTrack(t, { args }))
    const expected = [...alive].filter(([, isAlive]) => isAlive).map(([port]) => port)
    // A peer that stopped at the moment of a kill may stay until it expires; nobody who is there is
    // missing
    for (const [n, tracker] of trackers.entries()) {
      await until(`tracker ${n} knows all`, async () => {
        const asks = announceQuery(HASH, { peer: 'asks', port: 999, left: 5, event: 'started' })
        const found = new Set(compactPeers(await tracker.ask(asks)))
        alive.set(999, false)
        const missing = expected.filter((port) => !found.has(`127.0.0.1:${port}`))
        if (missing.length > 0) t.diagnostic(`tracker ${n} lacks ${missing.join()}`)
        return missing.length === 0
      })
      const scrape = await tracker.get(`/scrape?info_hash=${HASH.replace(/../g, '%$&')}`)
      assert.match(await scrape.text(), new RegExp(`10:downloadedi${completed}e`), `tracker ${n}`)
    }
  },
)
