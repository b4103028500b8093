import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchAlone, findFreePort, startOpentracker } from '../../support/opentracker.js'
import { unlessInstalled } from '../../support/peers.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { scraped, serveWith, testStatus } from './accessibility.js'

/** Has a seed and a leecher take part in torrents. */
async function share(origin: string, infoHashes: readonly string[]): Promise<void> {
  for (const infoHash of infoHashes) {
    for (const left of [0, 1]) {
      const fields = { peer: `peer${left}`, left, port: 7000 + left, event: 'started' }
      const query = `${announceQuery(infoHash, fields)}&uploaded=0&downloaded=0`
      await fetchAlone(origin + query)
    }
  }
}

async function assertTold(address: string, trackers: readonly string[]): Promise<void> {
  const report = await scraped(address)
  assert.deepEqual(
    report.trackers.map(({ url, error, counts }) => [url, error, counts?.seeds, counts?.leechers]),
    trackers.map((url) => [url, null, 2, 2]),
  )
  assert.deepEqual(
    report.busiest.torrents.map(({ counts }) => [counts?.seeds, counts?.leechers]),
    [
      [1, 1],
      [1, 1],
    ],
  )
}

test('the status tells what btkit track counts, over HTTP and UDP', async (t) => {
  const tracker = await startTrack(t)
  const urls = [`${tracker.address}/announce`, `udp://127.0.0.1:${tracker.port}/announce`]
  const { address, infoHashes } = await serveWith(t, urls)
  await share(tracker.address, infoHashes)
  await assertTold(address, urls)
})

test(
  'the status tells what opentracker counts, over HTTP and UDP',
  unlessInstalled('opentracker'),
  async (t) => {
    const port = await findFreePort()
    const origin = `http://127.0.0.1:${port}`
    const urls = [`${origin}/announce`, `udp://127.0.0.1:${port}/announce`]
    const { address, infoHashes } = await serveWith(t, urls)
    await startOpentracker(t, port, ...infoHashes)
    await share(origin, infoHashes)
    await assertTold(address, urls)
  },
)

testStatus('dark')
