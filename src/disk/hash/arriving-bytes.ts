import { createHash, type Hash } from 'node:crypto'
import { DIGEST_LENGTH, type HashAlgorithm, type HashKernel } from './kernels.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from '../../metainfo/merkle.js'
import { BLOCK } from '../../metainfo/sizes.js'

/** Bytes that are kept until they are hashed. Longer pieces are hashed as they arrive. */
const BATCH = 1024 * 1024

/** Hashes pieces of bytes that arrive in chunks, on this thread. */
class PieceHasher {
  readonly #buffer: Uint8Array
  readonly #digests: Uint8Array[] = []
  /** The hash of the last piece if pieces are longer than the buffer. */
  #hash: Hash | null = null
  #filled = 0

  constructor(
    readonly algorithm: HashAlgorithm,
    readonly pieceLength: number,
    readonly kernel: HashKernel,
  ) {
    const pieces = Math.min(kernel.lanes, Math.floor(BATCH / pieceLength))
    this.#buffer = new Uint8Array(pieces * pieceLength)
  }

  /** Adds bytes, which may change afterwards. */
  update(chunk: Uint8Array): void {
    if (this.#buffer.length === 0) {
      this.#updateLong(chunk)
      return
    }
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#buffer.length - this.#filled)
      this.#buffer.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === this.#buffer.length) this.#hashWhole()
    }
  }

  /** Returns the digests of all pieces, one after another; the last piece may be shorter. */
  finish(): Uint8Array {
    this.#hashWhole()
    if (this.#hash) this.#digests.push(this.#hash.digest())
    else if (this.#filled > 0)
      this.#hashPieces(this.#buffer.subarray(0, this.#filled), this.#filled, 1)
    const length = this.#digests.reduce((sum, each) => sum + each.length, 0)
    const all = new Uint8Array(length)
    let at = 0
    for (const digests of this.#digests) {
      all.set(digests, at)
      at += digests.length
    }
    return all
  }

  #updateLong(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.pieceLength - this.#filled)
      this.#hash ??= createHash(this.algorithm)
      this.#hash.update(part)
      at += part.length
      this.#filled = (this.#filled + part.length) % this.pieceLength
      if (this.#filled > 0) continue
      this.#digests.push(this.#hash.digest())
      this.#hash = null
    }
  }

  #hashWhole(): void {
    if (this.#buffer.length === 0) return
    const count = Math.floor(this.#filled / this.pieceLength)
    if (count === 0) return
    const whole = count * this.pieceLength
    this.#hashPieces(this.#buffer.subarray(0, whole), this.pieceLength, count)
    this.#buffer.copyWithin(0, whole, this.#filled)
    this.#filled -= whole
  }

  #hashPieces(data: Uint8Array, pieceLength: number, count: number): void {
    const out = new Uint8Array(count * DIGEST_LENGTH[this.algorithm])
    this.kernel.hash({ algorithm: this.algorithm, data, pieceLength, count, out })
    this.#digests.push(out)
  }
}

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
