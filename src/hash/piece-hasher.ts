import { createHash, type Hash } from 'node:crypto'
import { DIGEST_LENGTH, type HashAlgorithm, type HashKernel } from './kernels/kernel.js'

/** Bytes that are kept until they are hashed. Longer pieces are hashed as they arrive. */
const BATCH = 1024 * 1024

/** Hashes pieces of bytes that arrive in chunks, on this thread. */
export class PieceHasher {
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
