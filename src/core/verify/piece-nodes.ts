import { climbMerkleTree } from '../../hash/merkle.js'
import type { HashKernel } from '../../hash/kernels/kernel.js'
import { NODE, type V2Side } from './v2-side.js'

/** The digests of the blocks of some pieces, as they were read. */
export interface PieceBlocks {
  /** The indices of the pieces, in order. */
  readonly selected: Uint32Array
  /** 32 bytes a block, in stream order. */
  readonly blocks: Uint8Array
}

/** A piece, and the digest that its blocks have. */
export interface PieceNode {
  readonly piece: number
  readonly digest: Uint8Array
  /** The digests of its blocks. */
  readonly leaves: Uint8Array
}

/** The digests of pieces from those of their blocks; of pieces of padding alone there are none. */
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
 * The selected pieces from number `i` on whose trees are full and as high as the first's: these can
 * be climbed together. A piece whose tree is not full stands alone.
 */
function runOfFull({ blockCounts, levels }: V2Side, selected: Uint32Array, i: number) {
  const piece = selected[i] ?? 0
  const [count, height] = [blockCounts[piece] ?? 0, levels[piece] ?? 0]
  let end = i + 1
  const isLike = (other = -1) => blockCounts[other] === count && levels[other] === height
  while (count === 2 ** height && end < selected.length && isLike(selected[end])) end += 1
  return { end, levels: height, blockCount: count * (end - i) }
}
