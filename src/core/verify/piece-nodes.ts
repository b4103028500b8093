import { climbMerkleTree } from '../../hash/merkle.js'
import type { HashKernel } from '../../hash/kernels/kernel.js'
import { NODE, type V2Side } from './v2-side.js'

/** The digests of the blocks of some pieces as read. */
export interface PieceBlocks {
  /** The indices of the pieces in ascending order. */
  readonly selected: Uint32Array
  /** 32 bytes for each block, in stream order. */
  readonly blocks: Uint8Array
}

/** A piece, and the digest that follows from its blocks. */
export interface PieceNode {
  readonly piece: number
  readonly digest: Uint8Array
  /** The digests of its blocks. */
  readonly leaves: Uint8Array
}

/**
 * Computes the digests of pieces from those of their blocks. Pieces with only padding have none.
 */
export function* pieceNodes(
  side: V2Side,
  { selected, blocks }: PieceBlocks,
  kernel: HashKernel,
): Generator<PieceNode> {
  let at = 0
  for (let i = 0; i < selected.length;) {
    const run = runOfFull(side, selected, i)
    const leaves = blocks.subarray(at, at + run.blockCount * NODE)
    at += leaves.length
    const nodes = climbMerkleTree({ nodes: leaves, height: 0 }, run.levels, kernel).nodes
    const inPiece = leaves.length / (run.end - i)
    for (let j = i; j < run.end && run.blockCount > 0; j += 1) {
      yield {
        piece: selected[j] ?? 0,
        digest: nodes.subarray((j - i) * NODE, (j - i + 1) * NODE),
        leaves: leaves.subarray((j - i) * inPiece, (j - i + 1) * inPiece),
      }
    }
    i = run.end
  }
}

/**
 * Returns the consecutive selected pieces from number `i` on whose trees are complete and as high
 * as the first one. Their digests can be computed together. A piece with an incomplete tree is
 * returned alone.
 */
function runOfFull({ blockCounts, levels }: V2Side, selected: Uint32Array, i: number) {
  const piece = selected[i] ?? 0
  const [count, height] = [blockCounts[piece] ?? 0, levels[piece] ?? 0]
  let end = i + 1
  const isLike = (other = -1) => blockCounts[other] === count && levels[other] === height
  while (count === 2 ** height && end < selected.length && isLike(selected[end])) end += 1
  return { end, levels: height, blockCount: count * (end - i) }
}
