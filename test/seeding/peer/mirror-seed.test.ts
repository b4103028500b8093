import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fingerprintOf } from '../../../src/disk/file-lists/fingerprint.js'
import { openNullCache } from '../../../src/disk/cache/piece-cache.js'
import type { ScannedFile } from '../../../src/disk/file-lists/scanned-file.js'
import { GivenRecord } from '../../../src/core/keep-seeded/given.js'
import { infoHashOfBytes } from '../../../src/metainfo/info-hash.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import { MadeTorrents, type MadeSeed } from '../../../src/seeding/peer/mirror-seed.js'
import { makeScratch } from '../../support/scratch.js'
import { connectPeer } from '../../support/seed.js'
import { longTest } from '../../support/long.js'
import { until } from '../../support/until.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'

const NAME = 'a'.repeat(200)

const FILE: ScannedFile = {
  path: ['iso', NAME],
  absolutePath: `/srv/mirror/iso/${NAME}`,
  fingerprint: { size: 1, mtimeNs: 1n, ctimeNs: 1n, inode: 1n, device: 1n },
}

function torrentOf(files: readonly ScannedFile[]): MadeSeed {
  return {
    infoHash: infoHashOfBytes(randomBytes(20)),
    infoHashV2: null,
    source: '',
    made: null,
    core: { info: new Uint8Array(0), pieceLayers: null },
    trackers: [],
    content: {
      version: 'v1',
      name: 'iso',
      isDirectory: files.length > 1,
      files: FileColumns.of(files),
      skipped: [],
      size: files.length,
      pieceLength: pieceLengthOf(32_768),
      pieceCount: 1,
    },
    options: { private: false, sourceTag: null },
    cacheAccess: { cache: openNullCache(), trust: 'full', now: Date.now },
  }
}

const OPTIONS = {
  host: '127.0.0.1',
  port: 0,
  lastPort: 0,
  announcedAddress: null,
  maxUpload: null,
  version: 'test',
  monotonic: () => performance.now(),
  dht: false,
  localDiscovery: false,
  onError: () => undefined,
  warn: () => undefined,
  publicHost: null,
  given: new GivenRecord(),
}

/** A seed whose clock goes on while it is waited for, a torrent, and the set of those banned. */
async function seedOne(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const banned = new Set<InfoHash>()
  const ownTracker = { url: '', banned: () => banned, announceOwn: () => '' }
  const made = await MadeTorrents.open({ ...OPTIONS, ownTracker, monotonic: () => now })
  t.after(() => made.close())
  const directory = join(makeScratch(t, { 'iso/a.bin': 'x' }), 'iso')
  const absolutePath = join(directory, 'a.bin')
  const fingerprint = fingerprintOf(statSync(absolutePath, { bigint: true }))
  const seed = torrentOf([{ path: ['a.bin'], absolutePath, fingerprint }])
  const info = Buffer.from(
    `d6:lengthi1e4:name5:a.bin12:piece lengthi32768e6:pieces20:${'a'.repeat(20)}e`,
  )
  const infoHash = infoHashOfBytes(createHash('sha1').update(info).digest())
  const torrent = { ...seed, infoHash, core: { info, pieceLayers: null } }
  const untilSeeded = (count: number) =>
    until(`${count} torrents are seeded`, () => {
      now += 10_000
      t.mock.timers.tick(10_000)
      return made.status.torrents === count
    })
  return { made, banned, directory, infoHash, torrent, untilSeeded, clock: () => now }
}

test('a torrent that could not be read is seeded again by itself when it can be read', async (t) => {
  const { made, directory, infoHash, torrent, untilSeeded, clock } = await seedOne(t)
  made.add(torrent)
  renameSync(directory, `${directory}.gone`)
  const peer = await connectPeer(t, made.port, { infoHash })
  await assert.rejects(peer.ask(0, 0, 1))
  await peer.closed
  assert.equal(made.status.torrents, 0)
  renameSync(`${directory}.gone`, directory)
  await untilSeeded(1)
  assert.ok(clock() >= 60_000, `${clock()}`)
  const again = await connectPeer(t, made.port, { infoHash })
  assert.equal((await again.ask(0, 0, 1)).toString(), 'x')
})

test('a torrent that the tracker here bans is seeded only after the ban is lifted', async (t) => {
  const { made, banned, infoHash, torrent, untilSeeded } = await seedOne(t)
  made.add(torrent)
  const peer = await connectPeer(t, made.port, { infoHash })
  assert.equal((await peer.ask(0, 0, 1)).toString(), 'x')
  banned.add(infoHash)
  await untilSeeded(0)
  await peer.closed
  banned.clear()
  await untilSeeded(1)
  const other = infoHashOfBytes(randomBytes(20))
  banned.add(other)
  made.add({ ...torrent, infoHash: other })
  assert.equal(made.status.torrents, 1)
  banned.clear()
  await untilSeeded(2)
})

test('sets that strangers choose have bounded memory, and displace no single file', async (t) => {
  const warned: string[] = []
  const made = await MadeTorrents.open({ ...OPTIONS, warn: (message) => warned.push(message) })
  t.after(() => made.close())
  const single = torrentOf([FILE])
  made.add(single)
  // About 1,600 bytes each
  const files = new Array<ScannedFile>(1000).fill(FILE)
  for (let i = 0; i < 200; i++) made.add(torrentOf(files))
  const { torrents } = made.status
  assert.ok(torrents > 50 && torrents < 150, `${torrents}`)
  assert.ok(made.countsOf(single.infoHash as never))
  assert.equal(warned.length, 1)
  assert.match(warned[0] ?? '', /128 MiB .* the oldest give way/)
})

longTest(
  'of more files than 100,000, the one that was asked for longest ago gives way',
  async (t) => {
    const warned: string[] = []
    const made = await MadeTorrents.open({ ...OPTIONS, warn: (message) => warned.push(message) })
    t.after(() => made.close())
    const [first, second] = [torrentOf([FILE]), torrentOf([FILE])]
    made.add(first)
    made.add(second)
    for (let n = 2; n < 100_000; n++) made.add(torrentOf([FILE]))
    assert.deepEqual([made.status.torrents, warned], [100_000, []])
    made.add(torrentOf([FILE]))
    assert.equal(made.status.torrents, 100_000)
    assert.equal(made.countsOf(first.infoHash as never), null)
    assert.ok(made.countsOf(second.infoHash as never))
    assert.match(warned.join('\n'), /^--seed: 100,000 files, .* are seeded; the oldest give way$/)
  },
)
