import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TreeRecord } from '../../../src/disk/cache/records/bodies.js'
import type { TreeSource } from '../../../src/core/verify/judge.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { referenceTree } from '../../support/reference-trees.js'
import { hashContext } from '../requests.js'
import { flip, placeOf, plantV2, type Release } from './release.js'

const BLOCK = 16 * 1024
const PIECE = 8 * BLOCK
const FILES = [
  { path: 'large', size: 2.5 * PIECE + 1 },
  { path: 'small', size: 3 * BLOCK + 1 },
]

/** Spoils a byte at each of the offsets. */
/** The record that a cache keeps of an undamaged file: digests of blocks, or of pairs of them. */
function recordOf(path: string, height: 0 | 1 = 0): TreeRecord {
  const content = readFileSync(path)
  const { root } = referenceTree(content, PIECE)
  const pairs = referenceTree(content, 2 * BLOCK).layer
  const nodes = height === 1 ? pairs! : referenceDigests([content], BLOCK, 'sha256')
  return { fingerprint: new Uint8Array(0), root, height, nodes }
}

/** The ranges of bad blocks of each file, with a source that has these records by file name. */
async function badBlocks({ directory, torrent }: Release, records: Record<string, TreeRecord>) {
  const source: TreeSource = {
    get: (_, { path }) => records[path.split('/').at(-1) ?? ''] ?? null,
  }
  const metainfo = parseMetainfo(torrent)
  const place = { torrent: 'x', path: directory, extra: false }
  const plan = await planVerify({ metainfo, ...place, checkHashes: true })
  const context = { ...hashContext(), openTrees: () => Promise.resolve(source) }
  const { files } = await verifyTorrent(plan, context)
  return files.map(({ blockRanges }) => blockRanges)
}

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: known digests of blocks tell which of a piece are bad`, async (t) => {
    const release = plantV2(t, FILES, { version, pieceLength: PIECE })
    const [large, small] = [placeOf(release, 'large'), placeOf(release, 'small')]
    const records = { large: recordOf(large), small: recordOf(small) }
    flip(large, 5, PIECE - 1, PIECE, 2.5 * PIECE)
    flip(small, 3 * BLOCK)
    assert.deepEqual(await badBlocks(release, records), [
      [
        [0, BLOCK],
        [PIECE - BLOCK, PIECE + BLOCK],
        [2.5 * PIECE, 2.5 * PIECE + 1],
      ],
      [[3 * BLOCK, 3 * BLOCK + 1]],
    ])
  })
}

test('where two blocks have one digest, both are told', async (t) => {
  const release = plantV2(t, FILES, { version: 'v2', pieceLength: PIECE })
  const large = placeOf(release, 'large')
  const records = { large: recordOf(large, 1) }
  flip(large, PIECE + 3 * BLOCK)
  const [ranges] = await badBlocks(release, records)
  assert.deepEqual(ranges, [[PIECE + 2 * BLOCK, PIECE + 4 * BLOCK]])
})

test('without such digests, or with those of other content, the piece is told', async (t) => {
  const release = plantV2(t, FILES, { version: 'v2', pieceLength: PIECE })
  const large = placeOf(release, 'large')
  const forged = { ...recordOf(large), nodes: recordOf(large).nodes.map((byte) => byte ^ 1) }
  flip(large, PIECE + 1)
  const piece = [[PIECE, 2 * PIECE]]
  assert.deepEqual(await badBlocks(release, {}), [piece, []])
  assert.deepEqual(await badBlocks(release, { large: recordOf(large) }), [piece, []])
  assert.deepEqual(await badBlocks(release, { large: forged }), [piece, []])
})
