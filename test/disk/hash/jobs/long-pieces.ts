import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { concatenateFiles } from '../concatenate.js'
import { hashStream } from '../../../../src/disk/hash/hash-stream.js'
import { referenceDigests } from '../../../support/reference-digests.js'
import { makeScratch, plantSparse } from '../../../support/scratch.js'
import { hashOptions, type Uses } from '../hash-options.js'
import { quickFirst } from '../../../support/long.js'

const MIB = 2 ** 20

/** Sparse files with a mark every few megabytes, so that no part can stand for another. */
function plantMarked(t: TestContext, sizes: readonly number[]): string[] {
  const directory = makeScratch(t)
  return sizes.map((size, i) => {
    const path = plantSparse(directory, `${i}.bin`, size)
    const file = openSync(path, 'r+')
    for (let at = 0; at < size - 20; at += 3 * MIB) writeSync(file, `mark ${at}`, at)
    closeSync(file)
    return join(directory, `${i}.bin`)
  })
}

/** Pieces longer than a thread's buffer, which are read slice by slice. */
const LAYOUTS: Readonly<Record<string, readonly number[]>> = {
  'less than a piece': [50 * MIB + 7],
  'a piece': [64 * MIB],
  'a byte more than a piece': [64 * MIB + 1],
  'a piece and a short one that needs slices itself': [64 * MIB, 40 * MIB + 13],
  'files that end in the middle of pieces': [30 * MIB + 1, 1, 60 * MIB - 3, 77 * MIB],
}

/** Tests that each of these kernels and threads gives the right digests of long pieces. */
export function testLongPieces(uses: Uses, layouts = Object.keys(LAYOUTS)): void {
  const declare = quickFirst()
  for (const name of layouts) {
    const sizes = LAYOUTS[name] ?? []
    declare(
      `pieces of 64 MiB, ${name}: the digests are those of the files joined and cut`,
      async (t) => {
        const paths = plantMarked(t, sizes)
        const stream = concatenateFiles(
          paths.map((path, i) => ({ path, length: sizes[i]! })),
          64 * MIB,
        )
        const expected = referenceDigests(
          paths.map((path) => readFileSync(path)),
          64 * MIB,
        )
        for (const use of uses) {
          const { pieces: digests } = await hashStream(stream, hashOptions(use))
          assert.deepEqual(Buffer.from(digests), expected, JSON.stringify(use))
        }
      },
    )
  }
}
