import { DIGEST_LENGTH, type HashKernel } from './kernels/kernel.js'

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
  let { nodes, height } = layer
  for (const end = height + levels; height < end; height++) {
    nodes = hashPairs(nodes, height, kernel)
  }
  return { nodes, height }
}

/** Computes the root (`pieces root`) of a tree from one of its complete layers. */
export function findMerkleRoot(layer: MerkleLayer, kernel: HashKernel): Uint8Array {
  const levels = Math.ceil(Math.log2(layer.nodes.length / NODE))
  return climbMerkleTree(layer, levels, kernel).nodes
}

function hashPairs(nodes: Uint8Array, height: number, kernel: HashKernel): Uint8Array {
  const count = Math.ceil(nodes.length / NODE / 2)
  const out = new Uint8Array(count * NODE)
  const data =
    nodes.length === count * 2 * NODE ? nodes : appendNode(nodes, zeroNode(height, kernel))
  kernel.hash({ algorithm: 'sha256', data, pieceLength: 2 * NODE, count, out })
  return out
}

function appendNode(nodes: Uint8Array, node: Uint8Array): Uint8Array {
  const longer = new Uint8Array(nodes.length + NODE)
  longer.set(nodes)
  longer.set(node, nodes.length)
  return longer
}

/** Cached nodes above zero leaves, by height. */
const zeroNodes: Uint8Array[] = [new Uint8Array(NODE)]

function zeroNode(height: number, kernel: HashKernel): Uint8Array {
  for (let known = zeroNodes.length; known <= height; known++) {
    const below = zeroNodes[known - 1] ?? new Uint8Array(NODE)
    const node = new Uint8Array(NODE)
    const data = appendNode(below, below)
    kernel.hash({ algorithm: 'sha256', data, pieceLength: 2 * NODE, count: 1, out: node })
    zeroNodes.push(node)
  }
  return zeroNodes[height] ?? new Uint8Array(NODE)
}
