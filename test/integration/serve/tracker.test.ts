import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  assertHolds,
  downloadFromPeers,
  fetchSingle,
  seedWithLibtorrent,
} from '../../support/clients.js'
import { independentInfoHash } from '../../support/decode-torrent.js'
import { findFreePort, startOpentracker } from '../../support/opentracker.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'

const CONTENT = pseudoRandom(2.5 * 1024 * 1024)

const skip = unlessLibtorrent.skip || unlessInstalled('opentracker').skip

test('one client finds another through the tracker, and downloads from it', { skip }, async (t) => {
  const port = await findFreePort()
  const args = ['--tracker', `http://127.0.0.1:${port}/announce`]
  const mirror = await serveMirror(t, { files: { 'pub/a.iso': CONTENT }, args })
  const torrent = await fetchSingle(mirror, 'pub/a.iso')
  // From here on, nothing comes from the service
  await mirror.stop()
  await startOpentracker(t, port, independentInfoHash(torrent))
  await seedWithLibtorrent(t, torrent, { directory: join(mirror.root, 'pub') })
  const directory = makeScratch(t)
  const { webSeeds, trackerPeers } = await downloadFromPeers(t, torrent, { directory })
  assert.deepEqual(webSeeds, [])
  assert.ok(trackerPeers > 0)
  assertHolds(directory, { 'a.iso': CONTENT })
})
