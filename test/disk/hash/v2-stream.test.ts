import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { ZEROS } from '../../../src/disk/hash/stream/content-stream.js'
import { concatenateFiles } from './concatenate.js'
import { hashStream } from '../../../src/disk/hash/hash-stream.js'
import { createReadFailures } from '../../../src/disk/hash/stream/reading.js'
import { failure } from '../failure.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, TWIN_USES, TWINS, USES } from './hash-options.js'
import { plantStream } from './plant-stream.js'
import { blockDigests, plantAligned, testV2Layouts, V2_LAYOUTS } from './v2-layouts.js'
import { BLOCK } from '../../../src/metainfo/sizes.js'

const MIB = 2 ** 20

const B = BLOCK

testV2Layouts(V2_LAYOUTS, TWIN_USES)

test('some pieces have the blocks that lie in them', async (t) => {
  const { stream, contents, padded } = plantAligned(t, [10 * B + 5, 1, 40 * B], 4 * B)
  const all = referenceDigests(padded, 4 * B)
  const leaves = contents.map((content) => blockDigests([content]))
  const expected = {
    pieces: Buffer.concat([2, 3, 5, 13].map((piece) => all.subarray(piece * 20, piece * 20 + 20))),
    blocks: Buffer.concat([
      leaves[0]!.subarray(8 * 32),
      leaves[1]!,
      leaves[2]!.subarray(4 * 32, 8 * 32),
      leaves[2]!.subarray(36 * 32),
    ]),
  }
  for (const use of USES) {
    const pieces = Uint32Array.of(2, 3, 5, 13)
    const options = { ...use, pieces, isOffloaded: true }
    const both = await hashStream(stream, hashOptions({ ...options, wanted: 'both' }))
    assert.deepEqual(Buffer.from(both.pieces), expected.pieces, JSON.stringify(use))
    assert.deepEqual(Buffer.from(both.blocks), expected.blocks, JSON.stringify(use))
    const v2 = await hashStream(stream, hashOptions({ ...options, wanted: 'blocks' }))
    assert.deepEqual(Buffer.from(v2.blocks), expected.blocks, JSON.stringify(use))
  }
})

test('padding costs no time where only blocks are wanted', { timeout: 20_000 }, async (t) => {
  // Hashed or filled in, it would be 100 GiB
  const sizes = Array.from({ length: 200 }, () => 3)
  const { contents, paths } = plantStream(t, sizes, 512 * MIB)
  const files = paths.flatMap((path) => [
    { path, length: 3 },
    { path: ZEROS, length: 512 * MIB - 3 },
  ])
  const stream = concatenateFiles(files, 512 * MIB)
  for (const use of USES) {
    const { blocks } = await hashStream(stream, hashOptions({ ...use, wanted: 'blocks' }))
    assert.deepEqual(Buffer.from(blocks), blockDigests(contents))
  }
})

for (const kernel of TWINS) {
  for (const wanted of ['blocks', 'both'] as const) {
    test(`${kernel}, ${wanted}: a file that is gone is named, or noted with its pieces`, async (t) => {
      const { stream, paths, contents } = plantAligned(t, [3 * B, 3 * B, 3 * B], 2 * B)
      rmSync(paths[1]!)
      const message = `${paths[1]!}: no such file or directory`
      await assert.rejects(
        hashStream(stream, hashOptions({ kernel, wanted })),
        failure('not-found', message),
      )
      const failures = createReadFailures(stream)
      const { blocks } = await hashStream(stream, hashOptions({ kernel, wanted, failures }))
      assert.deepEqual([...failures.pieces], [0, 0, 1, 1, 0, 0])
      const good = blockDigests([contents[0]!])
      assert.deepEqual(Buffer.from(blocks.subarray(0, 3 * 32)), good)
      assert.deepEqual(Buffer.from(blocks.subarray(6 * 32)), blockDigests([contents[2]!]))
    })
  }
}
