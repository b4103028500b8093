import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { hashStream } from '../../../src/disk/hash/hash-stream.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, type Uses } from './hash-options.js'
import { plantStream } from './plant-stream.js'
import { quickFirst } from '../../support/long.js'

const KIB = 1024
const MIB = 1024 * KIB

interface Layout {
  readonly sizes: number[]
  readonly pieceLengths: number[]
}

/** Layouts beyond what is hashed without threads: many bytes, or many files. */
export const LAYOUTS: Readonly<Record<string, Layout>> = {
  'one file over some batches': { sizes: [5 * MIB + 1], pieceLengths: [16 * KIB, MIB, 8 * MIB] },
  'files whose edges cut batches': {
    sizes: [MIB - 1, 0, MIB, 1, 2 * MIB + 5, 16 * KIB, MIB + 3],
    pieceLengths: [16 * KIB, MIB],
  },
  'thousands of tiny files': {
    sizes: Array.from({ length: 2000 }, (_, i) => i % 41),
    pieceLengths: [16 * KIB, 256 * KIB],
  },
}

/** Layouts of many batches for each thread. */
export const LARGE_LAYOUTS: typeof LAYOUTS = {
  'one file over many batches': {
    sizes: [20 * MIB + 1],
    pieceLengths: [16 * KIB, 256 * KIB, 4 * MIB, 32 * MIB],
  },
  'large files whose edges cut batches': {
    sizes: [2 * MIB - 1, 0, 2 * MIB, 1, 9 * MIB + 5, 16 * KIB, 5 * MIB + 3],
    pieceLengths: [16 * KIB, MIB, 8 * MIB],
  },
}

/** Tests that each of these kernels and threads gives the right digests. */
export function testLayouts(layouts: typeof LAYOUTS, uses: Uses): void {
  const declare = quickFirst(3)
  for (const [name, layout] of Object.entries(layouts)) {
    const title = `${name}: any kernel and threads give the digests of the files joined and cut`
    declare(title, (t) => checkLayout(t, layout, uses))
  }
}

async function checkLayout(t: TestContext, { sizes, pieceLengths }: Layout, uses: Uses) {
  const { stream, contents } = plantStream(t, sizes, 0)
  for (const pieceLength of pieceLengths) {
    const expected = referenceDigests(contents, pieceLength)
    for (const use of uses) {
      const { pieces: digests } = await hashStream({ ...stream, pieceLength }, hashOptions(use))
      assert.deepEqual(Buffer.from(digests), expected, `${JSON.stringify(use)}, ${pieceLength}`)
    }
  }
}
