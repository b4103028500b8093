import { Buffer } from 'node:buffer'
import { hashStream } from '../hash/hash-stream.js'
import { DIGEST_LENGTH } from '../hash/kernel.js'
import type { Engine } from './hash-content.js'
import type { LaidContent } from './verify-content.js'
import { listUnmarked } from './verify-ranges.js'

const LENGTH = DIGEST_LENGTH.sha1

/**
 * Reads the pieces that have no mark yet, and marks those whose SHA-1 digest is not the one that
 * stands for them in `expected`.
 * @throws BtkitError those of hashStream
 */
export async function markDamaged(
  { stream, marks }: LaidContent,
  expected: Uint8Array,
  engine: Engine,
): Promise<void> {
  const pieces = listUnmarked(marks)
  const isAll = pieces.length === marks.length
  const selection = { algorithm: 'sha1', pieces: isAll ? undefined : pieces } as const
  const digests = await hashStream(stream, { ...engine, ...selection })
  pieces.forEach((piece, i) => {
    const digest = digests.subarray(i * LENGTH, (i + 1) * LENGTH)
    const wanted = expected.subarray(piece * LENGTH, (piece + 1) * LENGTH)
    if (Buffer.compare(digest, wanted) !== 0) marks[piece] = 1
  })
}
