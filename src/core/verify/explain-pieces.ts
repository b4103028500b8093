import type { HashKernel } from '../../hash/kernels/kernel.js'
import type { MerkleLayer } from '../../hash/merkle.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import { findBadBlocks, findKnownLayer, type TreeSource } from './bad-blocks.js'
import type { FoundFile } from './content.js'
import type { Interval } from './pieces.js'

/** The bytes of bad blocks in their files, by the index of the piece, where they are known. */
export type BadBlocks = ReadonlyMap<number, readonly Interval[]>

/** A bad piece, and the digests of its blocks as they were read. */
export interface BadLeaves {
  readonly piece: number
  readonly leaves: Uint8Array
}

/** What tells the files of pieces, and their roots. */
export interface PieceFiles {
  /** In stream order; each begins a piece. */
  readonly files: readonly FoundFile[]
  /** The pieces roots of those that are no pad files, in order. */
  readonly roots: readonly (Uint8Array | null)[]
  /** In bytes. */
  readonly pieceLength: number
}

/**
 * Says of bad pieces, in order, which of their blocks are bad, where a source knows the digests of the
 * blocks as they should be. A torrent has none for less than a piece.
 */
export function explainPieces(
  bad: readonly BadLeaves[],
  { files, roots, pieceLength }: PieceFiles,
  { source, kernel }: { readonly source: TreeSource; readonly kernel: HashKernel },
): Map<number, Interval[]> {
  const explained = new Map<number, Interval[]>()
  const pieces = bad.values()
  let next = pieces.next()
  const own = files.filter(({ file }) => !file.padding)
  for (const [number, found] of own.entries()) {
    const [from, to] = found.stretch
    let known: MerkleLayer | null | undefined
    while (!next.done && next.value.piece * pieceLength < to) {
      const { piece, leaves } = next.value
      const piecesRoot = roots[number] ?? null
      known ??= piecesRoot && findKnownLayer({ found, piecesRoot }, source, kernel)
      const start = piece * pieceLength - from
      if (known && BLOCK_LENGTH * 2 ** known.height < pieceLength) {
        explained.set(piece, findBadBlocks({ start, leaves }, known, kernel))
      }
      next = pieces.next()
    }
  }
  return explained
}
