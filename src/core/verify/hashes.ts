import { Buffer } from 'node:buffer'
import { hashStream } from '../../hash/hash-stream.js'
import type { HashContext } from '../digests/hash-content.js'
import {
  createTable,
  DIGEST,
  getPieces,
  setPieces,
  type PieceTable,
} from '../digests/piece-table.js'
import { recallPieces, rememberPieces } from '../digests/recall-pieces.js'
import type { TorrentStream } from './content.js'

/**
 * Obtains the SHA-1 digests of the pieces that have no mark yet, of those that the cache does not
 * know by reading them, and marks those that are not what stands for them in `expected`.
 * @throws BtkitError those of hashStream
 */
export async function markDamaged(
  { stream, marks, asScanned }: TorrentStream,
  expected: Uint8Array,
  { engine, cacheAccess }: HashContext,
): Promise<void> {
  const table = asScanned
    ? recallPieces(asScanned, cacheAccess)
    : createTable({ pieceCount: marks.length })
  const pieces = listUnknown(table, marks)
  const selection = pieces.length === marks.length ? {} : { pieces }
  const startedMs = cacheAccess.now()
  const digests = await hashStream(stream, { ...engine, ...selection, algorithm: 'sha1' })
  pieces.forEach((piece, i) => {
    setPieces(table, piece, digests.subarray(i * DIGEST, (i + 1) * DIGEST))
  })
  if (asScanned) rememberPieces(asScanned, table, { ...cacheAccess, startedMs })
  marks.forEach((mark, piece) => {
    const wanted = expected.subarray(piece * DIGEST, (piece + 1) * DIGEST)
    if (mark === 0 && Buffer.compare(getPieces(table, piece, 1), wanted) !== 0) marks[piece] = 1
  })
}

/** The indices of the pieces that are neither marked nor known, in order. */
function listUnknown({ isKnown }: PieceTable, marks: Uint8Array): Uint32Array {
  return Uint32Array.from(marks.keys()).filter(
    (piece) => marks[piece] === 0 && isKnown[piece] === 0,
  )
}
