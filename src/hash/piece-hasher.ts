import { DIGEST_LENGTH, type HashAlgorithm, type HashKernel } from './kernels/kernel.js'

/** Bytes that are kept until they are hashed, at least a piece. */
const BATCH = 1024 * 1024

/** Hashes pieces of bytes that arrive in chunks, on this thread. */
export class PieceHasher {
  readonly #buffer: Uint8Array
  readonly #digests: Uint8Array[] = []
  #filled = 0

  constructor(
    readonly algorithm: HashAlgorithm,
    readonly pieceLength: number,
    readonly kernel: HashKernel,
  ) {
    const wanted = Math.min(kernel.lanes, Math.floor(BATCH / pieceLength))
    this.#buffer = new Uint8Array(Math.max(1, wanted) * pieceLength)
  }

  /** Adds bytes, which may change afterwards. */
  update(chunk: Uint8Array): void {
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
    if (this.#filled > 0) this.#hash(this.#buffer.subarray(0, this.#filled), this.#filled, 1)
    const length = this.#digests.reduce((sum, each) => sum + each.length, 0)
    const all = new Uint8Array(length)
    let at = 0
    for (const digests of this.#digests) {
      all.set(digests, at)
      at += digests.length
    }
    return all
  }

  #hashWhole(): void {
    const count = Math.floor(this.#filled / this.pieceLength)
    if (count === 0) return
    const whole = count * this.pieceLength
    this.#hash(this.#buffer.subarray(0, whole), this.pieceLength, count)
    this.#buffer.copyWithin(0, whole, this.#filled)
    this.#filled -= whole
  }

  #hash(data: Uint8Array, pieceLength: number, count: number): void {
    const out = new Uint8Array(count * DIGEST_LENGTH[this.algorithm])
    this.kernel.hash({ algorithm: this.algorithm, data, pieceLength, count, out })
    this.#digests.push(out)
  }
}
