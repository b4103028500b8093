import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { StatusReport } from '../../../src/mirror/status/report.js'
import { SINGLE } from '../../mirror/hostile/siege.js'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { fetchAlone, findFreePort, startOpentracker } from '../../support/opentracker.js'
import { unlessInstalled } from '../../support/peers.js'
import { serveMirror } from '../../support/serve.js'
import { announceQuery, startTrack } from '../../support/track.js'

const FILES = { 'yum/a.iso': 'a', 'yum/b.iso': 'b' }

/** A service with these trackers, and the info hashes of its torrents, which were asked for. */
async function serveWith(t: TestContext, trackers: readonly string[]) {
  const args = trackers.flatMap((url) => ['--tracker', url])
  const { address } = await serveMirror(t, { files: FILES, args })
  const infoHashes: string[] = []
  for (const path of Object.keys(FILES)) {
    const response = await fetch(`${address}${SINGLE}/${path}`)
    const torrent = parseMetainfo(new Uint8Array(await response.arrayBuffer()))
    infoHashes.push(torrent.infoHash ?? '')
  }
  return { address, infoHashes }
}

/** The report once all trackers have answered. */
async function scraped(address: string): Promise<StatusReport> {
  for (;;) {
    const report = (await (await fetch(`${address}/-/status.json`)).json()) as StatusReport
    if (report.trackers.every(({ askedAt }) => askedAt !== null)) return report
    await setTimeout(100)
  }
}

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

for (const colorScheme of ['light', 'dark'] as const) {
  test(`everybody can use the page of the status, ${colorScheme}`, unlessBrowser, async (t) => {
    const tracker = await startTrack(t)
    const { address } = await serveWith(t, [`${tracker.address}/announce`, 'wss://t.example/x'])
    await scraped(address)
    for (const [width, path] of [
      [360, '/-/status'],
      [1440, '/-/status?live'],
    ] as const) {
      const tab = await openTab(t, { colorScheme, width })
      assert.equal(await tab.open(address + path), 200)
      assert.deepEqual(await tab.violations(), [])
      await tab.page.locator('a:text("a.iso")').waitFor()
      assert.deepEqual(tab.faults, [])
    }
  })
}
