import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import {
  assertHolds,
  downloadFromPeers,
  downloadWithRtorrent,
  seedWithLibtorrent,
} from '../support/clients.js'
import { findFreePort, startOpentracker } from '../support/opentracker.js'
import { unlessInstalled, unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch, type Files } from '../support/scratch.js'
import { startTrack } from '../support/track.js'
import { longTest, quickFirst } from '../support/long.js'

const FILES: Files = {
  'release/a/one.iso': pseudoRandom(1_234_567, 1),
  'release/a/same.iso': pseudoRandom(1_234_567, 1),
  'release/empty': '',
  'release/é/small': 'small',
  'release/z': pseudoRandom(40_000, 2),
}

const skip = unlessLibtorrent.skip || unlessInstalled('opentracker').skip

/** A torrent of the files, and a tracker that knows a libtorrent which seeds them. */
async function seed(t: TestContext, version: string): Promise<Buffer> {
  const source = join(makeScratch(t, FILES), 'release')
  const port = await findFreePort()
  const tracker = `http://127.0.0.1:${port}/announce`
  const args = ['makemetafile', source, tracker, version, '-l', '14', '--json', '--no-cache']
  const { infoHash, infoHashV2 } = parseJson(await runBtkit(args)) as Record<string, string | null>
  // To trackers, clients name the first 20 bytes of the hash of version 2
  const hashes = [infoHash, infoHashV2?.slice(0, 40)].filter((hash) => typeof hash === 'string')
  await startOpentracker(t, port, ...hashes)
  const torrent = readFileSync(`${source}.torrent`)
  await seedWithLibtorrent(t, torrent, { directory: dirname(source) })
  return torrent
}

const declare = quickFirst()
for (const version of ['--v2', '--hybrid']) {
  declare(
    `libtorrent downloads what ${version} makes from a libtorrent that has it`,
    { skip },
    async (t) => {
      const torrent = await seed(t, version)
      const directory = makeScratch(t)
      const { trackerPeers } = await downloadFromPeers(t, torrent, { directory })
      assert.ok(trackerPeers > 0)
      assertHolds(directory, FILES)
    },
  )
}

longTest(
  'rtorrent, which knows version 1 alone, downloads what --hybrid makes',
  { skip: unlessLibtorrent.skip || unlessInstalled('rtorrent').skip },
  async (t) => {
    // It refuses pad files of one length, which have one name
    const files = Object.fromEntries(
      Object.entries(FILES).filter(([path]) => path !== 'release/a/same.iso'),
    )
    const source = join(makeScratch(t, files), 'release')
    const { address } = await startTrack(t)
    const args = ['makemetafile', source, `${address}/announce`, '--hybrid', '-l', '14']
    assert.equal((await runBtkit([...args, '--no-cache'])).status, 0)
    const torrent = readFileSync(`${source}.torrent`)
    await seedWithLibtorrent(t, torrent, { directory: dirname(source) })
    const directory = await downloadWithRtorrent(t, torrent)
    // It takes pad files for files
    rmSync(join(directory, 'release', '.pad'), { recursive: true })
    assertHolds(directory, files)
  },
)
