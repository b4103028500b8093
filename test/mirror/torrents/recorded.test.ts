import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openNullCache } from '../../../src/disk/cache/piece-cache.js'
import type { GivenTorrent } from '../../../src/core/keep-seeded/given.js'
import { stateOf } from '../../../src/mirror/torrents/file-changes.js'
import { recordedTorrent } from '../../../src/mirror/torrents/recorded.js'
import { readInfoHash } from '../../../src/metainfo/info-hash.js'

const ROOT = '/srv/mirror'
const HASH = readInfoHash('a'.repeat(40)) ?? assert.fail()
const FINGERPRINT = { size: 5, mtimeNs: 7_000_000_000n, ctimeNs: 1n, inode: 2n, device: 3n }

/** A cache that knows the digest of each file. */
const CACHE = {
  get: (kind: string, { path }: { path: string }) => {
    const state = stateOf({ absolutePath: path, fingerprint: FINGERPRINT })
    const fingerprint = new Uint8Array(Buffer.from(state.split(' ')[0] ?? '', 'base64'))
    return kind === 'file'
      ? { fingerprint, pieces: new Uint8Array(0), tail: new Uint8Array(20) }
      : null
  },
} as unknown as ReturnType<typeof openNullCache>

function recorded(
  given: Partial<GivenTorrent>,
  { hidden = false, root = ROOT, cache = CACHE } = {},
) {
  const state = stateOf({ absolutePath: `${ROOT}/iso/a.iso`, fingerprint: FINGERPRINT })
  const made = { state, infoLength: 90 }
  const torrent = { infoHash: HASH, stamp: 'v1 file auto/iso/a.iso', made, ...given }
  const mirror = { root, hidden, followSymlinks: true }
  const access = { cache, trust: 'full', now: Date.now } as const
  return recordedTorrent(torrent, { mirror, pieceLength: 'auto' }, root, access)
}

const stateAt = (absolutePath: string) => {
  return { made: { state: stateOf({ absolutePath, fingerprint: FINGERPRINT }), infoLength: 1 } }
}

test('a torrent is known from its record, though its file is not there', () => {
  const { facts, infoHash } = recorded({}) ?? assert.fail()
  assert.equal(infoHash, HASH)
  assert.deepEqual(facts.title, { name: 'a.iso', path: ['iso', 'a.iso'], files: 1, size: 5 })
  assert.deepEqual([facts.modified, facts.directory], [7, ['iso']])
})

for (const [why, given, options] of [
  ['of a directory', { stamp: 'v1 directory /iso' }],
  ['of version 2', { stamp: 'v2 file auto/iso/a.iso' }],
  ['of another piece length', { stamp: 'v1 file 65536/iso/a.iso' }],
  ['of another path', { stamp: 'v1 file auto/iso/b.iso' }],
  ['of a hidden file', { stamp: 'v1 file auto/.iso/a.iso', ...stateAt(`${ROOT}/.iso/a.iso`) }],
  ['that a link led to', stateAt('/elsewhere/a.iso')],
  ['of another root', {}, { root: '/srv/other' }],
  ['without its state', { made: undefined }],
  ['with another state', { made: { state: `AAAA ${ROOT}/iso/a.iso`, infoLength: 1 } }],
  ['whose hashes are not cached', {}, { cache: openNullCache() }],
] as const) {
  test(`a record ${why} is not enough`, () => {
    assert.equal(recorded(given, options), null)
  })
}
