import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles } from '../../src/hash/stream/content-stream.js'
import { hashStream } from '../../src/hash/hash-stream.js'
import type { HashProgress } from '../../src/hash/jobs/job.js'
import { referenceDigests } from '../support/reference-digests.js'
import { makeScratch, plantSparse } from '../support/scratch.js'
import { hashOptions, USES } from './hash-options.js'
import { plantStream } from './plant-stream.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Layouts beyond what is hashed without threads: many bytes, or many files. */
const LAYOUTS: Record<string, { sizes: number[]; pieceLengths: number[] }> = {
  'one file over many batches': {
    sizes: [20 * MIB + 1],
    pieceLengths: [16 * KIB, 256 * KIB, 4 * MIB, 32 * MIB],
  },
  'files whose edges cut batches': {
    sizes: [2 * MIB - 1, 0, 2 * MIB, 1, 9 * MIB + 5, 16 * KIB, 5 * MIB + 3],
    pieceLengths: [16 * KIB, MIB, 8 * MIB],
  },
  'thousands of tiny files': {
    sizes: Array.from({ length: 2000 }, (_, i) => i % 41),
    pieceLengths: [16 * KIB, 256 * KIB],
  },
}

for (const [name, { sizes, pieceLengths }] of Object.entries(LAYOUTS)) {
  test(`${name}: any kernel and threads give the digests of the files joined and cut`, async (t) => {
    const { stream, contents } = plantStream(t, sizes, 0)
    for (const pieceLength of pieceLengths) {
      const expected = referenceDigests(contents, pieceLength)
      for (const use of USES) {
        const digests = await hashStream({ ...stream, pieceLength }, hashOptions(use))
        assert.deepEqual(Buffer.from(digests), expected, `${JSON.stringify(use)}, ${pieceLength}`)
      }
    }
  })
}

test('SHA-256 digests come from threads as well', async (t) => {
  const { stream, contents } = plantStream(t, [17 * MIB + 1], MIB)
  const digests = await hashStream(stream, hashOptions({ algorithm: 'sha256', threads: 2 }))
  assert.deepEqual(Buffer.from(digests), referenceDigests(contents, MIB, 'sha256'))
})

test('some pieces are hashed by threads as by one', async (t) => {
  const { stream, contents } = plantStream(t, [30 * MIB + 1], MIB)
  const all = referenceDigests(contents, MIB)
  const pieces = Uint32Array.from({ length: 21 }, (_, i) => i + (i > 9 ? 10 : 0))
  const expected = [...pieces].map((piece) => all.subarray(piece * 20, piece * 20 + 20))
  const digests = await hashStream(stream, hashOptions({ threads: 3, pieces }))
  assert.deepEqual(Buffer.from(digests), Buffer.concat(expected))
})

test('no content has no digest', async () => {
  assert.deepEqual(await hashStream(concatenateFiles([], 16384), hashOptions()), new Uint8Array(0))
})

test('progress rises to nearly the end and names files of the stream', async (t) => {
  const path = plantSparse(makeScratch(t), 'sparse.bin', 512 * MIB)
  const stream = concatenateFiles([{ path, length: 512 * MIB }], MIB)
  const seen: HashProgress[] = []
  const onProgress = (progress: HashProgress) => seen.push(progress)
  await hashStream(stream, hashOptions({ threads: 1, onProgress }))
  const bytes = seen.map(({ bytesDone }) => bytesDone)
  assert.ok(seen.length >= 2, `${seen.length} reports`)
  assert.deepEqual(
    bytes,
    bytes.toSorted((a, b) => a - b),
  )
  assert.ok(bytes.at(-1)! <= 512 * MIB && bytes.at(-1)! > 0)
  assert.ok(seen.every(({ currentPath }) => currentPath === path))
})
