import { digestOf, isSameBytes } from '../base/bytes.js'
import { BLOCK, SHA256 } from './sizes.js'

/** Adjacent nodes of a file's Merkle tree (BEP 52), from its first node on. */
export interface MerkleLayer {
  /** SHA-256 digests, 32 bytes each. Nodes with only zero leaves below are left out. */
  readonly nodes: Uint8Array
  /** Levels between the leaves and this layer. Leaves are the digests of blocks of 16 KiB. */
  readonly height: number
}

/** Hashes many nodes in one call, as a kernel of hash/ does. */
interface NodeKernel {
  /** Hashes `count` adjacent pairs of nodes, of `pieceLength` bytes each, to the start of `out`. */
  hash(batch: {
    readonly algorithm: 'sha256'
    readonly data: Uint8Array
    readonly pieceLength: number
    readonly count: number
    readonly out: Uint8Array
  }): void
}

/** Hashes one pair at a time, also in a browser. */
const digests: NodeKernel = {
  hash({ data, pieceLength, count, out }) {
    for (let i = 0; i < count; i++) {
      const pair = data.subarray(i * pieceLength, (i + 1) * pieceLength)
      out.set(digestOf('sha256', pair), i * SHA256)
    }
  },
}

/**
 * Computes the nodes that are `levels` above the given ones. A missing right neighbour counts as a
 * node above zero leaves.
 */
export function climbMerkleTree(
  layer: MerkleLayer,
  levels: number,
  kernel: NodeKernel = digests,
): MerkleLayer {
  if (levels <= 0) return layer
  if (isUniform(layer.nodes, 2 ** levels)) return climbUniform(layer, levels, kernel)
  let { height } = layer
  let { length } = layer.nodes
  let [below, above] = length < SMALL ? small : [spacious(length), spacious(length / 2)]
  below.set(layer.nodes)
  for (const end = height + levels; height < end; height++) {
    if (length % (2 * SHA256) > 0) {
      below.set(zeroNode(height, kernel), length)
      length += SHA256
    }
    length /= 2
    kernel.hash({
      algorithm: 'sha256',
      data: below,
      pieceLength: 2 * SHA256,
      count: length / SHA256,
      out: above,
    })
    ;[below, above] = [above, below]
  }
  return { nodes: below.slice(0, length), height }
}

/** Whether all nodes are the same, as those of zeros are, and fill the trees of so many. */
function isUniform(nodes: Uint8Array, leaves: number): boolean {
  const { length } = nodes
  if (length === 0 || length % (leaves * SHA256) > 0) return false
  return isSameBytes(nodes.subarray(SHA256), nodes.subarray(0, length - SHA256))
}

/** Climbs from nodes that are the same: one of each level is computed. */
function climbUniform(layer: MerkleLayer, levels: number, kernel: NodeKernel): MerkleLayer {
  const pair = new Uint8Array(2 * SHA256)
  const node = new Uint8Array(layer.nodes.subarray(0, SHA256))
  for (let level = 0; level < levels; level++) {
    pair.set(node)
    pair.set(node, SHA256)
    kernel.hash({ algorithm: 'sha256', data: pair, pieceLength: pair.length, count: 1, out: node })
  }
  const nodes = new Uint8Array(layer.nodes.length / 2 ** levels)
  for (let at = 0; at < nodes.length; at += SHA256) nodes.set(node, at)
  return { nodes, height: layer.height + levels }
}

/** Reused for small files: a new array would take longer than hashing their nodes. */
const SMALL = 32 * SHA256
const small = [new Uint8Array(SMALL), new Uint8Array(SMALL)] as const

/** Returns an array with room for half a node that a length lacks, and another node. */
function spacious(length: number): Uint8Array {
  return new Uint8Array(length + 2 * SHA256)
}

/** Computes the root (`pieces root`) of a tree from one of its complete layers. */
export function findMerkleRoot(layer: MerkleLayer, kernel: NodeKernel = digests): Uint8Array {
  const levels = Math.ceil(Math.log2(layer.nodes.length / SHA256))
  return climbMerkleTree(layer, levels, kernel).nodes
}

/**
 * Returns the levels between the leaves and the node of a piece: Infinity, for the root, if a file
 * of `size` bytes is in one piece.
 */
export function pieceHeight(pieceLength: number, size = Infinity): number {
  return size <= pieceLength ? Infinity : Math.log2(pieceLength / BLOCK)
}

/**
 * Computes the nodes at a height from a complete layer at or below it. At Infinity there is the
 * root alone.
 */
export function nodesAt(
  layer: MerkleLayer,
  height: number,
  kernel: NodeKernel = digests,
): Uint8Array {
  if (height === Infinity) return findMerkleRoot(layer, kernel)
  return climbMerkleTree(layer, height - layer.height, kernel).nodes
}

/** Cached nodes above zero leaves, by height. */
const zeroNodes: Uint8Array[] = [new Uint8Array(SHA256)]

/** Returns the node at a height above zero leaves only. */
export function zeroNode(height: number, kernel: NodeKernel = digests): Uint8Array {
  for (let known = zeroNodes.length; known <= height; known++) {
    const below = zeroNodes[known - 1] ?? new Uint8Array(SHA256)
    const node = new Uint8Array(SHA256)
    const data = new Uint8Array(2 * SHA256)
    data.set(below)
    data.set(below, SHA256)
    kernel.hash({ algorithm: 'sha256', data, pieceLength: 2 * SHA256, count: 1, out: node })
    zeroNodes.push(node)
  }
  return zeroNodes[height] ?? new Uint8Array(SHA256)
}
