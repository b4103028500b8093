import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ZEROS } from '../../../src/disk/hash/stream/content-stream.js'
import { concatenateFiles, type StreamFile } from './concatenate.js'
import { hashStream } from '../../../src/disk/hash/hash-stream.js'
import { WorkerPool } from '../../../src/disk/hash/jobs/worker-pool.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, type Uses } from './hash-options.js'
import { plantStream } from './plant-stream.js'
import { BLOCK } from '../../../src/metainfo/sizes.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Files that begin on piece boundaries, each but the last followed by a pad file (BEP 47). */
export function plantAligned(t: TestContext, sizes: readonly number[], pieceLength: number) {
  const { paths, contents } = plantStream(t, sizes, pieceLength)
  const files: StreamFile[] = []
  const padded: Uint8Array[] = []
  contents.forEach((content, i) => {
    const pad = i === contents.length - 1 ? 0 : -content.length & (pieceLength - 1)
    files.push({ path: paths[i]!, length: content.length }, { path: ZEROS, length: pad })
    padded.push(content, Buffer.alloc(pad))
  })
  const stream = concatenateFiles(files, pieceLength)
  return { stream, paths, contents, padded }
}

/** SHA-256 of each block of each file. */
export function blockDigests(contents: readonly Uint8Array[]): Buffer {
  return Buffer.concat(contents.map((one) => referenceDigests([one], BLOCK, 'sha256')))
}

const B = BLOCK
export const V2_LAYOUTS: Readonly<Record<string, { sizes: number[]; pieceLengths: number[] }>> = {
  'files of less than a block, a block and a byte more': {
    sizes: [1, 0, B - 1, B, B + 1, 63, 64, 5 * B],
    pieceLengths: [B, 4 * B],
  },
  'files around the edges of pieces': {
    sizes: [4 * B, 4 * B + 1, 4 * B - 1, 8 * B - 1, 3 * B, 9 * B, 2],
    pieceLengths: [2 * B, 4 * B],
  },
  'larger files, the last short': {
    sizes: [3 * MIB + 1, 300 * KIB, 2 * MIB + 77],
    pieceLengths: [256 * KIB, 2 * MIB],
  },
  'a file without an end of its own': { sizes: [4 * MIB], pieceLengths: [MIB] },
  'many small files': {
    sizes: Array.from({ length: 100 }, (_, i) => (i * 37) % 40_000),
    pieceLengths: [B, 64 * KIB],
  },
}

/** Layouts of many batches for each thread. */
export const LARGE_V2_LAYOUTS: typeof V2_LAYOUTS = {
  'large files, the last short': {
    sizes: [20 * MIB + 1, 3 * MIB, 300 * KIB, 18 * MIB + 77],
    pieceLengths: [B, 256 * KIB, MIB, 16 * MIB],
  },
  'a large file without an end of its own': { sizes: [32 * MIB], pieceLengths: [MIB, 16 * MIB] },
  'hundreds of small files': {
    sizes: Array.from({ length: 700 }, (_, i) => (i * 37) % 40_000),
    pieceLengths: [B, 64 * KIB],
  },
}

/** Tests that each of these kernels and threads gives the right digests of pieces and blocks. */
export function testV2Layouts(layouts: typeof V2_LAYOUTS, uses: Uses): void {
  for (const [name, { sizes, pieceLengths }] of Object.entries(layouts)) {
    for (const pieceLength of pieceLengths) {
      test(`${name}, in pieces of ${pieceLength}: blocks and pieces are those of the files`, async (t) => {
        const { stream, contents, padded } = plantAligned(t, sizes, pieceLength)
        const pieces = referenceDigests(padded, pieceLength)
        const blocks = blockDigests(contents)
        const none = Buffer.alloc(0)
        // Threads take longer to start than to hash so little
        const pool = new WorkerPool()
        t.after(() => pool.close())
        for (const each of uses) {
          const use = { ...each, pool }
          const both = await hashStream(stream, hashOptions({ ...use, wanted: 'both' }))
          assert.deepEqual(Buffer.from(both.pieces), pieces, JSON.stringify(each))
          assert.deepEqual(Buffer.from(both.blocks), blocks, JSON.stringify(each))
          const v2 = await hashStream(stream, hashOptions({ ...use, wanted: 'blocks' }))
          assert.deepEqual(Buffer.from(v2.pieces), none)
          assert.deepEqual(Buffer.from(v2.blocks), blocks, JSON.stringify(each))
          const v1 = await hashStream(stream, hashOptions({ ...use, wanted: 'pieces' }))
          assert.deepEqual(Buffer.from(v1.blocks), none)
        }
      })
    }
  }
}
