import type { HashKernel } from '../../hash/kernels/kernel.js'
import type { MerkleLayer } from '../../hash/merkle.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import { findBadBlocks, findKnownLayer, type TreeSource } from './bad-blocks.js'
import type { FoundFile } from './content.js'
import type { Interval } from './pieces.js'

/** The bytes of bad blocks in their files, by piece index, if known. */
export type BadBlocks = ReadonlyMap<number, readonly Interval[]>

/** A bad piece, and the digests of its blocks as read. */
export interface BadLeaves {
  readonly piece: number
  readonly leaves: Uint8Array
}

/** The files of pieces, and their roots. */
export interface PieceFiles {
  /** In stream order; each file begins a piece. */
  readonly files: readonly FoundFile[]
  /** The pieces roots of all files except pad files, in order. */
  readonly roots: readonly (Uint8Array | null)[]
  /** In bytes. */
  readonly pieceLength: number
}

/**
 * Finds the bad blocks of bad pieces, which are in order. A source must know the expected digests
 * of the blocks, because a torrent only has those of pieces.
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
