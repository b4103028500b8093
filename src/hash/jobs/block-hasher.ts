import { DIGEST_LENGTH, type HashKernel } from '../kernels/kernel.js'
import { BLOCK_LENGTH, bytesOfFile, selectedPiece } from '../stream/digests.js'
import type { HashJob } from './job.js'

/** Adjacent slices of pieces in a buffer. */
export interface PieceSlices {
  /** Number of the job's first piece here, and the number after the last. */
  readonly first: number
  readonly end: number
  /**
   * Offset of each slice in its piece (a multiple of the block length), and the length of a slice.
   */
  readonly start: number
  readonly length: number
}

/** Computes the SHA-256 digests of the blocks in a job's pieces (BEP 52). */
export class BlockHasher {
  constructor(
    private readonly job: HashJob,
    private readonly kernel: HashKernel,
  ) {}

  /** Hashes the blocks in slices of pieces. Blocks of whole pieces are hashed together. */
  hash({ first, end, start, length }: PieceSlices, data: Uint8Array): void {
    for (let i = first; i < end;) {
      let last = i
      while (last + 1 < end && length === this.#bytesOf(last)) last++
      const inLast = Math.max(0, Math.min(this.#bytesOf(last) - start, length))
      const from = (i - first) * length
      const blocks = data.subarray(from, from + (last - i) * length + inLast)
      this.#hashBlocks(blocks, (this.job.digests.firstBlocks?.[i] ?? 0) + start / BLOCK_LENGTH)
      i = last + 1
    }
  }

  #bytesOf(i: number): number {
    return bytesOfFile(this.job.stream, selectedPiece(this.job, i))
  }

  /** Hashes adjacent blocks into the digests from number `first` on. */
  #hashBlocks(data: Uint8Array, first: number): void {
    const whole = Math.floor(data.length / BLOCK_LENGTH)
    const rest = data.subarray(whole * BLOCK_LENGTH)
    this.#hashEqual({ data, length: BLOCK_LENGTH, count: whole, first })
    if (rest.length === 0) return
    this.#hashEqual({ data: rest, length: rest.length, count: 1, first: first + whole })
  }

  #hashEqual({ data, length, count, first }: EqualBlocks): void {
    const out = this.job.digests.blocks.subarray(first * DIGEST_LENGTH.sha256)
    this.kernel.hash({ algorithm: 'sha256', data, pieceLength: length, count, out })
  }
}

interface EqualBlocks {
  readonly data: Uint8Array
  readonly length: number
  readonly count: number
  readonly first: number
}
