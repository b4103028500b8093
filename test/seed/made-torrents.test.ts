import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { ScannedFile } from '../../src/files/scan/scanned-tree.js'
import { infoHashOfBytes } from '../../src/metainfo/info-hash.js'
import { pieceLengthOf } from '../../src/metainfo/piece-length.js'
import { MadeTorrents, type MadeSeed } from '../../src/seed/made-torrents.js'

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
    trackers: [],
    content: {
      version: 'v1',
      name: 'iso',
      isDirectory: files.length > 1,
      files,
      skipped: [],
      size: files.length,
      pieceLength: pieceLengthOf(32_768),
      pieceCount: 1,
    },
    options: { private: false, sourceTag: null },
    cacheAccess: { cache: null, trust: 'full', now: Date.now } as never,
  }
}

test('sets that strangers choose have bounded memory, and displace no single file', async (t) => {
  const made = await MadeTorrents.open({
    host: '127.0.0.1',
    port: 0,
    lastPort: 0,
    announcedAddress: null,
    maxUpload: null,
    version: 'test',
    monotonic: () => performance.now(),
    dht: false,
    dhtNodes: null,
    localDiscovery: false,
    onError: () => undefined,
    publicHost: null,
  })
  t.after(() => made.close())
  const single = torrentOf([FILE])
  made.add(single)
  // About 1,600 bytes each
  const files = new Array<ScannedFile>(1000).fill(FILE)
  for (let i = 0; i < 1000; i++) made.add(torrentOf(files))
  const { torrents } = made.status
  assert.ok(torrents > 50 && torrents < 300, `${torrents}`)
  assert.ok(made.countsOf(single.infoHash as never))
})
