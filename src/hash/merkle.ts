import { DIGEST_LENGTH, type HashKernel } from './kernels.js'

const NODE = DIGEST_LENGTH.sha256

/** Adjacent nodes of a file's Merkle tree (BEP 52), from its first node on. */
export interface MerkleLayer {
  /** SHA-256 digests, 32 bytes each. Nodes with only zero leaves below are left out. */
  readonly nodes: Uint8Array
  /** Levels between the leaves and this layer. Leaves are the digests of blocks of 16 KiB. */
  readonly height: number
}

/**
 * Computes the nodes that are `levels` above the given ones. From the leaves, log2(piece length /
 * 16 KiB) levels lead to a file's piece layer. A missing right neighbour counts as a node above
 * zero leaves.
 */
export function climbMerkleTree(
  layer: MerkleLayer,
  levels: number,
  kernel: HashKernel,
): MerkleLayer {
  if (levels <= 0) return layer
  let { height } = layer
  let { length } = layer.nodes
  let [below, above] = length < SMALL ? small : [spacious(length), spacious(length / 2)]
  below.set(layer.nodes)
  for (const end = height + levels; height < end; height++) {
    if (length % (2 * NODE) > 0) {
      below.set(zeroNode(height, kernel), length)
      length += NODE
    }
    length /= 2
    kernel.hash({
      algorithm: 'sha256',
      data: below,
      pieceLength: 2 * NODE,
      count: length / NODE,
      out: above,
    })
    ;[below, above] = [above, below]
  }
  return { nodes: below.slice(0, length), height }
}

/** Reused for small files: a new array would take longer than hashing their nodes. */
const SMALL = 32 * NODE
const small = [new Uint8Array(SMALL), new Uint8Array(SMALL)] as const

/** Returns an array with room for half a node that a length lacks, and another node. */
function spacious(length: number): Uint8Array {
  return new Uint8Array(length + 2 * NODE)
}

/** Computes the root (`pieces root`) of a tree from one of its complete layers. */
export function findMerkleRoot(layer: MerkleLayer, kernel: HashKernel): Uint8Array {
  const levels = Math.ceil(Math.log2(layer.nodes.length / NODE))
  return climbMerkleTree(layer, levels, kernel).nodes
}

/** Cached nodes above zero leaves, by height. */
const zeroNodes: Uint8Array[] = [new Uint8Array(NODE)]

/** Returns the node at a height above zero leaves only. */
export function zeroNode(height: number, kernel: HashKernel): Uint8Array {
  for (let known = zeroNodes.length; known <= height; known++) {
    const below = zeroNodes[known - 1] ?? new Uint8Array(NODE)
    const node = new Uint8Array(NODE)
    const data = Buffer.concat([below, below])
    kernel.hash({ algorithm: 'sha256', data, pieceLength: 2 * NODE, count: 1, out: node })
    zeroNodes.push(node)
  }
  return zeroNodes[height] ?? new Uint8Array(NODE)
}
