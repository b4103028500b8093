import { createHash, type Hash } from 'node:crypto'
import type { HashAlgorithm } from '../../base/bytes.js'
import { DIGEST_LENGTH, hashKernel } from './kernels.js'

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

  /**
   * Returns the digests of all pieces, one after another; the last may be shorter. Begins again.
   */
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
