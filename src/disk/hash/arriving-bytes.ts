import { createHash, type Hash } from 'node:crypto'
import { DIGEST_LENGTH, type HashAlgorithm, hashKernel } from './kernels.js'
import {
  climbMerkleTree,
  findMerkleRoot,
  pieceHeight,
  type MerkleLayer,
} from '../../metainfo/merkle.js'
import { BLOCK } from '../../metainfo/sizes.js'

/** Bytes that are kept until they are hashed. Longer pieces are hashed as they arrive. */
const BATCH = 1024 * 1024

/** Hashes pieces of bytes that arrive in chunks: many pieces of a large chunk on another thread. */
export class PieceHasher {
  #buffer: Uint8Array | null = null
  #digests: Uint8Array[] = []
  /** The hash of the last piece if pieces are longer than the buffer. */
  #hash: Hash | null = null
  #filled = 0

  constructor(
    readonly algorithm: HashAlgorithm,
    readonly pieceLength: number,
  ) {}

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    const whole = Math.floor(chunk.length / this.pieceLength)
    const isDirect = this.#filled === 0 && whole * this.pieceLength >= BATCH / 4
    if (isDirect) await this.#hashPieces(chunk, this.pieceLength, whole)
    const rest = isDirect ? chunk.subarray(whole * this.pieceLength) : chunk
    if (this.pieceLength > BATCH) this.#updateLong(rest)
    else if (rest.length > 0) await this.#gather(rest)
  }

  /** Returns the digests of all pieces, one after another; the last may be shorter. Begins again. */
  async finish(): Promise<Uint8Array> {
    if (this.#hash) this.#digests.push(this.#hash.digest())
    else if (this.#buffer && this.#filled > 0) {
      await this.#hashWhole(this.#buffer)
      const rest = this.#buffer.subarray(0, this.#filled)
      if (rest.length > 0) await this.#hashPieces(rest, rest.length, 1)
    }
    const all = Buffer.concat(this.#digests)
    this.#digests = []
    this.#hash = null
    this.#filled = 0
    return all
  }

  async #gather(chunk: Uint8Array): Promise<void> {
    const pieces = Math.min(hashKernel().lanes, Math.floor(BATCH / this.pieceLength))
    const buffer = (this.#buffer ??= new Uint8Array(pieces * this.pieceLength))
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + buffer.length - this.#filled)
      buffer.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === buffer.length) await this.#hashWhole(buffer)
    }
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

  async #hashWhole(buffer: Uint8Array): Promise<void> {
    const count = Math.floor(this.#filled / this.pieceLength)
    if (count === 0) return
    const whole = count * this.pieceLength
    await this.#hashPieces(buffer, this.pieceLength, count)
    buffer.copyWithin(0, whole, this.#filled)
    this.#filled -= whole
  }

  async #hashPieces(data: Uint8Array, pieceLength: number, count: number): Promise<void> {
    const out = new Uint8Array(count * DIGEST_LENGTH[this.algorithm])
    await hashKernel().hashLater({ algorithm: this.algorithm, data, pieceLength, count, out })
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

  constructor(private readonly lengthFor: PieceLengthFor) {
    this.#hashers = lengthsOf(lengthFor).map((each) => new PieceHasher('sha1', each))
  }

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.length
    const shortest = this.lengthFor(this.#size)
    this.#hashers = this.#hashers.filter(({ pieceLength }) => pieceLength >= shortest)
    for (const hasher of this.#hashers) await hasher.update(chunk)
  }

  /** Returns the SHA-1 digests of all pieces, one after another. */
  async finish(): Promise<Uint8Array> {
    return (await this.#hashers[0]?.finish()) ?? new Uint8Array(0)
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
  readonly #blocks: PieceHasher
  #filled = 0
  #size = 0

  constructor(private readonly lengthFor: PieceLengthFor) {
    this.#partLength = Math.max(PART, lengthFor(Number.MAX_SAFE_INTEGER))
    this.#blocks = new PieceHasher('sha256', BLOCK)
  }

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      if (this.#filled === this.#partLength) await this.#endPart()
      const part = chunk.subarray(at, at + this.#partLength - this.#filled)
      await this.#blocks.update(part)
      this.#filled += part.length
      this.#size += part.length
      at += part.length
    }
  }

  /** Returns the tree of all bytes, of which there must be some. */
  async finish(): Promise<ArrivedTree> {
    const pieceLength = this.lengthFor(this.#size)
    const leaves = { nodes: await this.#blocks.finish(), height: 0 }
    if (this.#size <= pieceLength)
      return { root: findMerkleRoot(leaves, hashKernel()), layer: null }
    const height = pieceHeight(pieceLength)
    const climbed = [...this.#layers, leaves].map((layer) => {
      return climbMerkleTree(layer, height - layer.height, hashKernel()).nodes
    })
    const layer = Buffer.concat(climbed)
    return { root: findMerkleRoot({ nodes: layer, height }, hashKernel()), layer }
  }

  /** Combines the leaves of a whole part up to the shortest piece length that is still possible. */
  async #endPart(): Promise<void> {
    const leaves = { nodes: await this.#blocks.finish(), height: 0 }
    const levels = pieceHeight(this.lengthFor(this.#size))
    this.#layers.push(climbMerkleTree(leaves, levels, hashKernel()))
    this.#filled = 0
  }
}
