import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import {
  assertHolds,
  downloadMagnet,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithQbittorrent,
  downloadWithRtorrent,
  downloadWithTransmission,
  runAria2,
  type Download,
} from '../../support/clients.js'
import { plant } from '../../support/download.js'
import { linkOf, magnetOf } from '../../support/magnets.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { startSeed } from '../../support/seed.js'
import { until } from '../../support/until.js'

const FILES: Files = {
  'release/a/one.bin': pseudoRandom(1_234_567, 1),
  'release/ümläut & more': pseudoRandom(300_000, 2),
}

/** A release that btkit seeds, known to its tracker. */
async function seeded(t: TestContext, args: readonly string[] = []) {
  const release = await plant(t, FILES, args)
  const seed = await startSeed(t, [release.torrent, '--data', release.source])
  await until('it is added', () => seed.stderr.text.includes('added'))
  await until('a tracker knows it', async () => {
    return (await (await release.tracker.get('/scrape')).text()).includes('8:completei1e')
  })
  return { ...release, port: seed.port }
}

const CLIENTS: Readonly<Record<string, readonly [Download, string | false]>> = {
  libtorrent: [downloadWithLibtorrent, unlessLibtorrent.skip],
  aria2: [downloadWithAria2, unlessInstalled('aria2c').skip],
  Transmission: [downloadWithTransmission, unlessInstalled('transmission-cli').skip],
  rtorrent: [downloadWithRtorrent, unlessInstalled('rtorrent').skip],
  qBittorrent: [downloadWithQbittorrent, unlessInstalled('qbittorrent-nox').skip],
}

for (const [name, [download, skip]] of Object.entries(CLIENTS)) {
  test(`${name} downloads a torrent that btkit seeds`, { skip }, async (t) => {
    const { torrent } = await seeded(t)
    assertHolds(await download(t, readFileSync(torrent)), FILES)
  })
}

for (const version of ['--v2', '--hybrid', '--v1']) {
  for (const args of [[], ['--encrypted']]) {
    test(
      `libtorrent begins with the address of a peer alone (${[version, ...args].join(' ')})`,
      unlessLibtorrent,
      async (t) => {
        const more = version === '--v1' ? [] : [version]
        const { torrent, port } = await seeded(t, more)
        const made = parseJson(await runBtkit(['hash', torrent, '--json']))
        const { infoHash, infoHashV2 } = made as Record<string, string | null>
        const peer = `x.pe=127.0.0.1:${port}`
        const link = infoHash
          ? `${magnetOf(infoHash)}&${peer}`
          : `magnet:?xt=urn:btmh:1220${String(infoHashV2)}&${peer}`
        assertHolds(await downloadMagnet(t, link, args), FILES)
      },
    )
  }
}

test('aria2 begins with a magnet link and a tracker', unlessInstalled('aria2c'), async (t) => {
  const release = await seeded(t)
  const directory = makeScratch(t)
  const alone = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false']
  await runAria2(t, directory, [...alone, '--seed-time=0', linkOf(release)])
  assertHolds(directory, FILES)
})
