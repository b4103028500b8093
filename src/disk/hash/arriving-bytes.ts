import { createHash, type Hash } from 'node:crypto'
import type { HashAlgorithm } from '../../base/bytes.js'
import { DIGEST_LENGTH, hashKernel } from './kernels.js'

/** Bytes that are kept until they are hashed: sixteen of the longest pieces that are kept. */
const BATCH = 16 * 1024 * 1024

/** Longer pieces are hashed as they arrive. */
const LONG = 1024 * 1024

/**
 * Hashes pieces of bytes that arrive in chunks, many together on another thread: in a large chunk
 * where they are, and otherwise when they have been gathered.
 */
export class PieceHasher {
  #buffer: Uint8Array | null = null
  #digests: Uint8Array[] = []
  /** The hash of the last piece if pieces are longer than the buffer. */
  #hash: Hash | null = null
  #filled = 0

  /** There come at most `most` bytes before each `finish`. */
  constructor(
    readonly algorithm: HashAlgorithm,
    readonly pieceLength: number,
    private readonly most = Infinity,
  ) {}

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    const whole = Math.floor(chunk.length / this.pieceLength)
    const isDirect = this.#filled === 0 && whole >= this.#together()
    if (isDirect) await this.#hashPieces(chunk, this.pieceLength, whole)
    const rest = isDirect ? chunk.subarray(whole * this.pieceLength) : chunk
    if (this.pieceLength > LONG) this.#updateLong(rest)
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

  /** Number of pieces that are hashed in one call, if so many are there. */
  #together(): number {
    const [there, kept] = [Math.ceil(this.most / this.pieceLength), BATCH / this.pieceLength]
    return Math.max(1, Math.min(hashKernel().lanes, Math.floor(kept), there))
  }

  async #gather(chunk: Uint8Array): Promise<void> {
    const buffer = (this.#buffer ??= new Uint8Array(this.#together() * this.pieceLength))
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

/** Bytes that are kept until they are hashed at several lengths: enough pieces of each. */
const BLOCK_OF_MANY = 64 * 1024 * 1024

/** Blocks that are hashed while the next one arrives: each is memory. */
const IN_FLIGHT = 1

/** The lengths that pieces of more than `size` bytes of content can have: powers of two. */
export type LengthsBeyond = (size: number) => {
  readonly shortest: number
  readonly longest: number
}

/**
 * Computes SHA-1 of pieces whose length is chosen when all bytes have arrived. Full blocks are
 * hashed at each length that is still possible, and the last one only at the chosen length.
 */
export class OpenPieceHasher {
  readonly #blockLength: number
  #block: Uint8Array
  #filled = 0
  #size = 0
  readonly #digests = new Map<number, Uint8Array[]>()
  /** The blocks that are hashed, each until its memory is free again. */
  readonly #flights: Promise<Uint8Array>[] = []

  constructor(readonly lengths: LengthsBeyond) {
    this.#blockLength = Math.max(BLOCK_OF_MANY, lengths(0).longest)
    this.#block = this.#allocate()
  }

  /** The system gives the memory when it is written. */
  #allocate(): Uint8Array {
    return new Uint8Array(this.#blockLength)
  }

  /** Adds bytes, which may change afterwards. */
  async update(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      if (this.#filled === this.#blockLength) await this.#beginBlock()
      const part = chunk.subarray(at, at + this.#blockLength - this.#filled)
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      this.#size += part.length
      at += part.length
    }
  }

  async #beginBlock(): Promise<void> {
    const { shortest, longest } = this.lengths(this.#size)
    this.#flights.push(this.#hash(this.#block, shortest, longest))
    const isFree = this.#flights.length > IN_FLIGHT
    this.#block = (isFree && (await this.#flights.shift())) || this.#allocate()
    this.#filled = 0
  }

  async #hash(data: Uint8Array, shortest: number, longest: number): Promise<Uint8Array> {
    const count = Math.floor(data.length / shortest)
    const doublings = Math.log2(longest / shortest)
    const bytes = DIGEST_LENGTH.sha1
    const out = new Uint8Array((doublings > 0 ? 2 : 1) * count * bytes)
    const lists = Array.from({ length: doublings + 1 }, (_, level) => shortest * 2 ** level)
    let at = 0
    for (const length of lists) {
      const size = (data.length / length) * bytes
      const digests = this.#digests.get(length) ?? []
      this.#digests.set(length, digests)
      digests.push(out.subarray(at, at + size))
      at += size
    }
    await hashKernel().hashLater(
      { algorithm: 'sha1', data, pieceLength: shortest, count, out },
      doublings,
    )
    return data
  }

  /** Returns the digests of all pieces of this length in their order; the last may be shorter. */
  async finish(pieceLength: number): Promise<Uint8Array> {
    await Promise.all(this.#flights)
    const rest = new PieceHasher('sha1', pieceLength)
    await rest.update(this.#block.subarray(0, this.#filled))
    return Buffer.concat([...(this.#digests.get(pieceLength) ?? []), await rest.finish()])
  }
}
