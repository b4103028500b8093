import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertHolds } from '../../support/clients.js'
import { FILES, MINE, plant } from '../../support/download.js'
import { runExecutable } from '../../support/executable.js'
import { outerAddress } from '../../support/magnets.js'
import { unlessInstalled } from '../../support/peers.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { testDownloadByDaemon } from './download-by-daemon.js'
import { testMagnets } from './download-magnet.js'
import { testStalls } from './download-stall.js'
import { testDownloads, testMoreDownloads } from './download.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('transmission')
testRefusals('transmission')
testDownloadByDaemon('transmission')
testDownloads('transmission-daemon')
testMoreDownloads('transmission-daemon')
testStalls('transmission-daemon')
testMagnets('transmission-daemon')

const skip =
  unlessInstalled('transmission-daemon').skip ||
  unlessInstalled('rtorrent').skip ||
  (outerAddress === null && 'Transmission connects to no peer on a loopback address')

test(
  'download gets content that only rtorrent seeds, whatever else is installed',
  { skip },
  async (t) => {
    const { torrent, source } = await plant(t, FILES, ['--host', outerAddress!])
    const { url } = await daemonKinds['rtorrent']!.start(t)
    const published = await runBtkit(['publish', torrent, '--data', source, '--client', url], {
      monotonic: () => performance.now(),
    })
    assert.equal(published.status, 0, published.stderr)
    const to = makeScratch(t)
    const args = ['download', torrent, '--output', `${to}/`, ...MINE]
    const env = { PATH: process.env['PATH'] ?? '', TMPDIR: makeScratch(t) }
    assertStatus(await runExecutable('btkit', args, { env }), 0)
    assertHolds(to, FILES)
  },
)
