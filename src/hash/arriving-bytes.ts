import type { HashKernel } from './kernels/kernel.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from './merkle.js'
import { PieceHasher } from './piece-hasher.js'

/**
 * The piece length for content of `size` bytes, a power of two. More bytes never make it shorter.
 */
export type PieceLengthFor = (size: number) => number

/**
 * Hashes the pieces of bytes that arrive once, although the piece length depends on how many come.
 * Each length that is still possible has a hasher of its own.
 */
export class ArrivingPieces {
  #hashers: PieceHasher[]
  #size = 0

  constructor(
    private readonly lengthFor: PieceLengthFor,
    kernel: HashKernel,
  ) {
    this.#hashers = lengthsOf(lengthFor).map((each) => new PieceHasher('sha1', each, kernel))
  }

  /** Adds bytes, which may change afterwards. */
  update(chunk: Uint8Array): void {
    this.#size += chunk.length
    const shortest = this.lengthFor(this.#size)
    this.#hashers = this.#hashers.filter(({ pieceLength }) => pieceLength >= shortest)
    for (const hasher of this.#hashers) hasher.update(chunk)
  }

  /** Returns the SHA-1 digests of all pieces, one after another. */
  finish(): Uint8Array {
    return this.#hashers[0]?.finish() ?? new Uint8Array(0)
  }
}

function lengthsOf(lengthFor: PieceLengthFor): number[] {
  const lengths: number[] = []
  const longest = lengthFor(Number.MAX_SAFE_INTEGER)
  for (let length = lengthFor(0); length <= longest; length *= 2) lengths.push(length)
  return lengths
}

/** Bytes of a leaf of Merkle trees (BEP 52). */
const BLOCK = 16 * 1024

/** Bytes after which leaves are combined, or the longest piece if that is longer. */
const PART = 16 * 1024 * 1024

/** The parts of a file's Merkle tree that a torrent contains. */
interface ArrivedTree {
  readonly root: Uint8Array
  /** 32 bytes for each piece; null for a file of at most one piece. */
  readonly layer: Uint8Array | null
}

/** Hashes the Merkle tree of a file whose bytes arrive once (BEP 52). */
export class ArrivingTree {
  readonly #partLength: number
  readonly #layers: MerkleLayer[] = []
  #blocks: PieceHasher
  #filled = 0
  #size = 0

  constructor(
    private readonly lengthFor: PieceLengthFor,
    private readonly kernel: HashKernel,
  ) {
    this.#partLength = Math.max(PART, lengthFor(Number.MAX_SAFE_INTEGER))
    this.#blocks = new PieceHasher('sha256', BLOCK, kernel)
  }

  /** Adds bytes, which may change afterwards. */
  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#filled === this.#partLength) this.#endPart()
      const part = chunk.subarray(at, at + this.#partLength - this.#filled)
      this.#blocks.update(part)
      this.#filled += part.length
      this.#size += part.length
      at += part.length
    }
  }

  /** Returns the tree of all bytes, of which there must be some. */
  finish(): ArrivedTree {
    const pieceLength = this.lengthFor(this.#size)
    const leaves = { nodes: this.#blocks.finish(), height: 0 }
    if (this.#size <= pieceLength) return { root: findMerkleRoot(leaves, this.kernel), layer: null }
    const height = heightOf(pieceLength)
    const climbed = [...this.#layers, leaves].map((layer) => {
      return climbMerkleTree(layer, height - layer.height, this.kernel).nodes
    })
    const layer = Buffer.concat(climbed)
    return { root: findMerkleRoot({ nodes: layer, height }, this.kernel), layer }
  }

  /** Combines the leaves of a whole part up to the shortest piece length that is still possible. */
  #endPart(): void {
    const leaves = { nodes: this.#blocks.finish(), height: 0 }
    const levels = heightOf(this.lengthFor(this.#size))
    this.#layers.push(climbMerkleTree(leaves, levels, this.kernel))
    this.#blocks = new PieceHasher('sha256', BLOCK, this.kernel)
    this.#filled = 0
  }
}

/** Levels of a Merkle tree from blocks to pieces. */
function heightOf(pieceLength: number): number {
  return Math.log2(pieceLength / BLOCK)
}
