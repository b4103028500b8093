import { createHash } from 'node:crypto'

const BLOCK = 16 * 1024
const NODE = 32

/** A file's Merkle tree (BEP 52) as a torrent tells it. */
export interface ReferenceTree {
  readonly root: Buffer
  /** Null for a file that fits into a piece. */
  readonly layer: Buffer | null
}

/** The tree of a file, computed in the plainest way: all leaves, then level by level. */
export function referenceTree(content: Uint8Array, pieceLength: number): ReferenceTree {
  const pieceLeaves = pieceLength / BLOCK
  const leaves = blockDigests(content)
  const pieceCount = Math.ceil(content.length / pieceLength)
  const width = pieceCount > 1 ? powerOfTwo(pieceCount) * pieceLeaves : powerOfTwo(leaves.length)
  while (leaves.length < width) leaves.push(Buffer.alloc(NODE))
  const layer = climb(leaves, pieceCount > 1 ? pieceLeaves : 1).slice(0, pieceCount)
  const [root] = climb(leaves, width)
  return { root: root!, layer: pieceCount > 1 ? Buffer.concat(layer) : null }
}

function blockDigests(content: Uint8Array): Buffer[] {
  const digests: Buffer[] = []
  for (let at = 0; at < content.length; at += BLOCK) {
    digests.push(
      createHash('sha256')
        .update(content.subarray(at, at + BLOCK))
        .digest(),
    )
  }
  return digests
}

function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count))
}

/** The nodes of the level on which each is above `span` leaves. */
function climb(leaves: readonly Buffer[], span: number): Buffer[] {
  let level = [...leaves]
  for (let width = 1; width < span; width *= 2) {
    level = level.flatMap((node, at) => {
      if (at % 2 === 1) return []
      return [
        createHash('sha256')
          .update(node)
          .update(level[at + 1]!)
          .digest(),
      ]
    })
  }
  return level
}
