import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import DHT from 'bittorrent-dht'
import {
  assertHolds,
  downloadMagnet,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithQbittorrent,
  downloadWithRtorrent,
  downloadWithTransmission,
  type Download,
} from '../../support/clients.js'
import { plant } from '../../support/download.js'
import { magnetOf, outerAddress } from '../../support/magnets.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { type Files } from '../../support/scratch.js'
import { SEEDED, seededRelease, startSeed } from '../../support/seed.js'
import { until } from '../../support/until.js'
import { beginDhtAt } from '../../support/quick-times.js'

interface Client {
  readonly download: Download
  readonly skip: string | false
  /** The versions of torrents that it downloads. */
  readonly versions: readonly string[]
}

const CLIENTS: Readonly<Record<string, Client>> = {
  libtorrent: {
    download: downloadWithLibtorrent,
    skip: unlessLibtorrent.skip,
    versions: ['--v1', '--hybrid', '--v2'],
  },
  // 1.36 can't open hybrids of several files
  aria2: {
    download: downloadWithAria2,
    skip: unlessInstalled('aria2c').skip,
    versions: ['--v1'],
  },
  // It calls no peer on this machine, and is called after its next announce
  Transmission: {
    download: downloadWithTransmission,
    skip: unlessInstalled('transmission-cli').skip,
    versions: ['--v1'],
  },
  rtorrent: {
    download: downloadWithRtorrent,
    skip: unlessInstalled('rtorrent').skip,
    versions: ['--v1'],
  },
  qBittorrent: {
    download: downloadWithQbittorrent,
    skip: unlessInstalled('qbittorrent-nox').skip,
    versions: ['--v1'],
  },
}

for (const [name, { download, skip, versions }] of Object.entries(CLIENTS)) {
  for (const version of versions) {
    test(`${name} downloads a torrent that btkit seeds (${version})`, { skip }, async (t) => {
      const { torrent } = await seededRelease(t, version === '--v1' ? [] : [version])
      assertHolds(await download(t, readFileSync(torrent)), SEEDED)
    })
  }
}

const FILE: Files = { 'one.bin': pseudoRandom(900_000, 4) }

test('libtorrent finds a seed over IPv6 by its address alone', unlessLibtorrent, async (t) => {
  const { torrent, source, infoHash } = await plant(t, SEEDED)
  const { port } = await startSeed(t, [torrent, '--data', source, '--host', '::1'])
  const link = `${magnetOf(infoHash)}&x.pe=[::1]:${port}`
  assertHolds(await downloadMagnet(t, link, ['--listen', '[::1]:0']), SEEDED)
})

/** libtorrent's DHT uses no loopback address. */
const HOST = outerAddress ?? '127.0.0.1'
const UNLESS_OUTER = {
  skip:
    unlessLibtorrent.skip || (outerAddress === null && 'this machine has a loopback address only'),
}

/** Three nodes that know each other, and the address of one. */
async function startDht(t: TestContext): Promise<string> {
  const nodes: DHT[] = []
  for (let n = 0; n < 3; n++) {
    const [first] = nodes
    const bootstrap = first ? [`${HOST}:${first.address().port}`] : (false as const)
    const node = new DHT({ bootstrap, host: HOST })
    node.listen(0, HOST)
    await once(node, 'listening')
    t.after(() => {
      node.destroy()
    })
    nodes.push(node)
  }
  return `${HOST}:${nodes[0]?.address().port ?? 0}`
}

test('libtorrent finds a seed through the DHT alone', UNLESS_OUTER, async (t) => {
  const node = await startDht(t)
  beginDhtAt(node)
  const { torrent, source, infoHash } = await plant(t, SEEDED)
  await startSeed(t, [torrent, '--data', source, '--host', HOST, '--dht'])
  const args = ['--listen', '0.0.0.0:0', '--dht-node', node]
  assertHolds(await downloadMagnet(t, magnetOf(infoHash), args), SEEDED)
})

test('a private torrent is not announced in the DHT', async (t) => {
  const node = await startDht(t)
  beginDhtAt(node)
  const { torrent, source, infoHash } = await plant(t, SEEDED, ['--private'])
  const open = await plant(t, FILE)
  const torrents = [torrent, open.torrent, '--data', source, '--data', open.source]
  await startSeed(t, [...torrents, '--host', HOST, '--dht'])
  const asking = new DHT({ bootstrap: [node] })
  t.after(() => {
    asking.destroy()
  })
  const found = new Set<string>()
  asking.on('peer', (_: unknown, hash: Uint8Array) => found.add(Buffer.from(hash).toString('hex')))
  await until('the other is', () => {
    for (const hash of [infoHash, open.infoHash]) asking.lookup(hash)
    return found.has(open.infoHash)
  })
  assert.ok(!found.has(infoHash))
})
