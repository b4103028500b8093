import { createHash } from 'node:crypto'
import { batchStart, type BatchPlan } from './batch-plan.js'
import { BlockHasher } from './block-hasher.js'
import { fileAt, streamLength } from '../stream/content-stream.js'
import { cryptoKernel } from '../kernels/choose.js'
import { awaitTurn, isStopped, noteProgress, type HashJob } from './job.js'
import { DIGEST_LENGTH } from '../kernels/kernel.js'
import { bytesOfFile, countSelected, selectedPiece } from '../stream/digests.js'
import { StreamReader } from '../stream/reader.js'
import { THROTTLED_READ } from './throttle.js'

/**
 * The largest buffer of a thread, in bytes. Larger buffers are slower: the data has left the
 * processor's cache when it is hashed, and the disk idles longer between reads.
 */
const MAX_BUFFER = 8 * 1024 * 1024

/**
 * A buffer for the thread's next job, because allocating memory takes time, and it is freed late.
 */
let spare: Uint8Array | null = null

/** A range of the job's pieces with the same length: from number `first` to before `end`. */
interface PieceRange {
  readonly first: number
  readonly end: number
  readonly length: number
}

/**
 * Reads and hashes the batches of a job with one buffer, on node:crypto. native/jobs/ does the same
 * with the native addon.
 */
export class BatchHasher {
  readonly #job: HashJob
  readonly #plan: BatchPlan
  readonly #reader: StreamReader
  readonly #buffer: Uint8Array
  /** Null if no blocks are wanted. */
  readonly #blockHasher: BlockHasher | null

  constructor(job: HashJob, plan: BatchPlan) {
    this.#job = job
    this.#plan = plan
    this.#reader = new StreamReader(job.stream, job.failures)
    this.#buffer = takeBuffer(bufferLength(job, plan))
    this.#blockHasher = job.wanted === 'pieces' ? null : new BlockHasher(job, cryptoKernel)
  }

  close(): void {
    this.#reader.close()
    returnBuffer(this.#buffer)
  }

  /** Hashes the full-length pieces of a batch, then the stream's last piece if it is short. */
  hashBatch(batch: number): void {
    const { pieceLength } = this.#job.stream
    const first = batchStart(this.#plan, batch)
    const end = batchStart(this.#plan, batch + 1)
    const rest = streamLength(this.#job.stream) - this.#position(end - 1)
    const whole = rest < pieceLength ? end - 1 : end
    this.#hashRange({ first, end: whole, length: pieceLength })
    this.#hashRange({ first: whole, end, length: rest })
  }

  /**
   * Hashes as many pieces at a time as fit into the buffer. A piece larger than the buffer is
   * hashed in slices.
   */
  #hashRange({ first, end, length }: PieceRange): void {
    const fitting = Math.floor(MAX_BUFFER / length)
    const step = Math.max(1, fitting)
    for (let i = first; i < end; i += step) {
      if (fitting === 0) this.#hashSliced(i, length)
      else this.#hashBuffered({ first: i, end: Math.min(i + step, end), length })
    }
  }

  #hashBuffered({ first, end, length }: PieceRange): void {
    const count = end - first
    const data = this.#buffer.subarray(0, count * length)
    for (let i = first; i < end;) {
      const next = this.#endOfRun(i, end)
      const bytes = (next - i - 1) * length + this.#bytesToRead(next - 1, length)
      const from = (i - first) * length
      this.#read(this.#position(i), data.subarray(from, from + bytes))
      i = next
    }
    this.#blockHasher?.hash({ first, end, start: 0, length }, data)
    if (this.#job.wanted === 'blocks') return
    const out = this.#digestsFrom(first)
    cryptoKernel.hash({ algorithm: 'sha1', data, pieceLength: length, count, out })
  }

  #hashSliced(i: number, length: number): void {
    const isHashed = this.#job.wanted !== 'blocks'
    const hash = createHash('sha1')
    const bytes = this.#bytesToRead(i, length)
    for (let start = 0; start < bytes; start += MAX_BUFFER) {
      const slice = this.#buffer.subarray(0, Math.min(MAX_BUFFER, bytes - start))
      this.#read(this.#position(i) + start, slice)
      if (isHashed) hash.update(slice)
      this.#blockHasher?.hash({ first: i, end: i + 1, start, length: slice.length }, slice)
    }
    if (isHashed) this.#digestsFrom(i).set(hash.digest())
  }

  /** Returns how much of a piece to read: padding is part of pieces, but not of blocks. */
  #bytesToRead(i: number, length: number): number {
    const { wanted, stream } = this.#job
    return wanted === 'blocks' ? bytesOfFile(stream, selectedPiece(this.#job, i)) : length
  }

  /** Returns the number after the last piece that can be read together with piece `i`. */
  #endOfRun(i: number, end: number): number {
    let next = i + 1
    while (next < end && this.#follows(next)) next++
    return next
  }

  /**
   * Whether a piece directly follows the previous one in the stream, with nothing to skip between
   * them.
   */
  #follows(i: number): boolean {
    const { pieceLength } = this.#job.stream
    const before = selectedPiece(this.#job, i - 1)
    return (
      selectedPiece(this.#job, i) === before + 1 &&
      this.#bytesToRead(i - 1, pieceLength) === pieceLength
    )
  }

  #position(i: number): number {
    return selectedPiece(this.#job, i) * this.#job.stream.pieceLength
  }

  #digestsFrom(first: number): Uint8Array {
    return this.#job.digests.pieces.subarray(first * DIGEST_LENGTH.sha1)
  }

  #read(position: number, target: Uint8Array): void {
    const step = this.#job.throttle === null ? target.length : THROTTLED_READ
    for (let done = 0; done < target.length && !isStopped(this.#job); done += step) {
      const part = target.subarray(done, done + step)
      awaitTurn(this.#job, part.length)
      this.#reader.read(position + done, part)
      noteProgress(this.#job, part.length, fileAt(this.#job.stream, position + done))
    }
  }
}

/** Returns the buffer size of a thread: at most a batch, and at most all selected pieces. */
function bufferLength(job: HashJob, { piecesPerBatch, piecesPerRest, fullBatches }: BatchPlan) {
  const { pieceLength } = job.stream
  const pieces = Math.min(fullBatches > 0 ? piecesPerBatch : piecesPerRest, countSelected(job))
  return Math.min(pieces * Math.min(pieceLength, streamLength(job.stream)), MAX_BUFFER)
}

/** Returns a buffer of `length` bytes with any content. */
export function takeBuffer(length: number): Uint8Array {
  const buffer = spare && spare.length >= length ? spare : Buffer.allocUnsafeSlow(length)
  spare = null
  return buffer.subarray(0, length)
}

/** Returns a buffer for reuse. The caller must not use it any more. */
export function returnBuffer(buffer: Uint8Array): void {
  const whole = new Uint8Array(buffer.buffer)
  if (spare === null || whole.length > spare.length) spare = whole
}
