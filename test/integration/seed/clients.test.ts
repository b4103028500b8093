import { readFileSync } from 'node:fs'
import {
  assertHolds,
  downloadMagnet,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithQbittorrent,
  downloadWithRtorrent,
  runAria2,
  type Download,
} from '../../support/clients.js'
import { longTest, quickFirst } from '../../support/long.js'
import { linkOf, magnetOf } from '../../support/magnets.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { SEEDED, seededRelease } from '../../support/seed.js'

const CLIENTS: Readonly<Record<string, readonly [Download, string | false]>> = {
  libtorrent: [downloadWithLibtorrent, unlessLibtorrent.skip],
  aria2: [downloadWithAria2, unlessInstalled('aria2c').skip],
  rtorrent: [downloadWithRtorrent, unlessInstalled('rtorrent').skip],
  qBittorrent: [downloadWithQbittorrent, unlessInstalled('qbittorrent-nox').skip],
}

const testClient = quickFirst()

for (const [name, [download, skip]] of Object.entries(CLIENTS)) {
  testClient(`${name} downloads a torrent that btkit seeds`, { skip }, async (t) => {
    const { torrent } = await seededRelease(t)
    assertHolds(await download(t, readFileSync(torrent)), SEEDED)
  })
}

for (const version of ['--v2', '--hybrid', '--v1']) {
  for (const args of [[], ['--encrypted']]) {
    longTest(
      `libtorrent begins with the address of a peer alone (${[version, ...args].join(' ')})`,
      unlessLibtorrent,
      async (t) => {
        const more = version === '--v1' ? [] : [version]
        const { torrent, port } = await seededRelease(t, more)
        const made = parseJson(await runBtkit(['hash', torrent, '--json']))
        const { infoHash, infoHashV2 } = made as Record<string, string | null>
        const peer = `x.pe=127.0.0.1:${port}`
        const link = infoHash
          ? `${magnetOf(infoHash)}&${peer}`
          : `magnet:?xt=urn:btmh:1220${String(infoHashV2)}&${peer}`
        assertHolds(await downloadMagnet(t, link, args), SEEDED)
      },
    )
  }
}

longTest('aria2 begins with a magnet link and a tracker', unlessInstalled('aria2c'), async (t) => {
  const release = await seededRelease(t)
  const directory = makeScratch(t)
  const alone = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false']
  await runAria2(t, directory, [...alone, '--seed-time=0', linkOf(release)])
  assertHolds(directory, SEEDED)
})
