import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import {
  assertHolds,
  downloadFromPeers,
  downloadWithAria2,
  downloadWithQbittorrent,
  downloadWithRtorrent,
  seedWithLibtorrent,
  seedWithTransmission,
  type Download,
} from '../../support/clients.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { bencodable } from '../../support/torrents.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const FILES = { 'image.iso': pseudoRandom(300_000) }

/** The torrent of the file, whose peers are those that the tracker names and no others. */
function torrentBy(announce: string): Uint8Array {
  const content = FILES['image.iso']
  const digests: Buffer[] = []
  for (let at = 0; at < content.length; at += 65536) {
    const piece = content.subarray(at, at + 65536)
    digests.push(createHash('sha1').update(piece).digest())
  }
  const pieces = Buffer.concat(digests)
  const info = { length: content.length, name: 'image.iso', 'piece length': 65536, pieces }
  return encodeBencode(bencodable({ announce, info }))
}

/** Starts a tracker of the torrent, and returns it with a torrent that names it. */
async function trackBy(t: TestContext, protocol: 'http' | 'udp', host: string) {
  const allowed = makeScratch(t, { 'image.iso.torrent': torrentBy('http://elsewhere.example/') })
  const track = await startTrack(t, { args: ['--host', host, '--allowed-dir', allowed] })
  const torrent = torrentBy(`${protocol}://${host}:${track.port}/announce`)
  return { track, torrent }
}

/** The same, and has it seeded. */
async function seedBy(t: TestContext, protocol: 'http' | 'udp', host: string) {
  const { track, torrent } = await trackBy(t, protocol, host)
  const place = { directory: makeScratch(t, FILES), listen: `${host}:0` }
  await seedWithLibtorrent(t, torrent, place)
  return { track, torrent }
}

for (const [protocol, host] of [
  ['http', '127.0.0.1'],
  ['udp', '127.0.0.1'],
  ['http', '[::1]'],
  ['udp', '[::1]'],
] as const) {
  test(`libtorrent finds libtorrent over ${protocol} at ${host}`, unlessLibtorrent, async (t) => {
    const { track, torrent } = await seedBy(t, protocol, host)
    const directory = makeScratch(t)
    const { trackerPeers } = await downloadFromPeers(t, torrent, {
      directory,
      listen: `${host}:0`,
    })
    assert(trackerPeers > 0)
    assertHolds(directory, FILES)
    const page = (await (await track.get('/index.json')).json()) as { torrents: object[] }
    const [{ name, size, complete } = {}] = page.torrents as Record<string, unknown>[]
    assert.deepEqual([name, size], ['image.iso', 300_000])
    assert(Number(complete) >= 1)
  })
}

for (const [program, protocol, download] of [
  ['aria2c', 'http', downloadWithAria2],
  ['rtorrent', 'http', downloadWithRtorrent],
  ['rtorrent', 'udp', downloadWithRtorrent],
  ['qbittorrent-nox', 'http', downloadWithQbittorrent],
  ['qbittorrent-nox', 'udp', downloadWithQbittorrent],
] as const satisfies [string, string, Download][]) {
  const skip = unlessLibtorrent.skip || unlessInstalled(program).skip
  test(`${program} finds a seed over ${protocol}, and downloads from it`, { skip }, async (t) => {
    const { torrent } = await seedBy(t, protocol, '127.0.0.1')
    const directory = await download(t, torrent)
    assertHolds(directory, FILES)
  })
}

for (const protocol of ['http', 'udp'] as const) {
  const skip = unlessLibtorrent.skip || unlessInstalled('transmission-cli').skip
  // It connects to no peer at a loopback address, but is connected to
  test(`transmission-cli tells of itself over ${protocol}, and is found`, { skip }, async (t) => {
    const { track, torrent } = await trackBy(t, protocol, '127.0.0.1')
    await seedWithTransmission(t, torrent, makeScratch(t, FILES))
    const seeds = /^btkit_track_seeds 1$/m
    await until('all seed', async () => seeds.test(await (await track.get('/-/metrics')).text()))
    const directory = makeScratch(t)
    await downloadFromPeers(t, torrent, { directory })
    assertHolds(directory, FILES)
  })
}
