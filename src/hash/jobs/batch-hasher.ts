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
 * The largest buffer of a thread, in bytes. Larger ones are slower: what was read has left the
 * processor's cache when it is hashed, and a disk waits longer for the next read.
 */
const MAX_BUFFER = 8 * 1024 * 1024

/** A buffer that a thread no longer needs, for its next job: new memory costs time, and is freed late. */
let spare: Uint8Array | null = null

/** Some of the job's pieces, all of one length: those from number `first` up to `end`. */
interface PieceRange {
  readonly first: number
  readonly end: number
  readonly length: number
}

/**
 * Reads and hashes the batches of a job with one buffer, on node:crypto. The accelerator does the
 * same in native/jobs/.
 */
export class BatchHasher {
  readonly #job: HashJob
  readonly #plan: BatchPlan
  readonly #reader: StreamReader
  readonly #buffer: Uint8Array
  /** Null where no blocks are wanted. */
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

  /** Hashes the whole pieces of a batch, then the short one if it ends with the stream's last. */
  hashBatch(batch: number): void {
    const { pieceLength } = this.#job.stream
    const first = batchStart(this.#plan, batch)
    const end = batchStart(this.#plan, batch + 1)
    const rest = streamLength(this.#job.stream) - this.#position(end - 1)
    const whole = rest < pieceLength ? end - 1 : end
    this.#hashRange({ first, end: whole, length: pieceLength })
    this.#hashRange({ first: whole, end, length: rest })
  }

  /** Hashes as many pieces at once as the buffer holds; or one by one, if it holds none. */
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

  /** How much of a piece to read: padding is part of pieces, but not of blocks. */
  #bytesToRead(i: number, length: number): number {
    const { wanted, stream } = this.#job
    return wanted === 'blocks' ? bytesOfFile(stream, selectedPiece(this.#job, i)) : length
  }

  /** The number after the last of the pieces from `i` on that can be read in one go. */
  #endOfRun(i: number, end: number): number {
    let next = i + 1
    while (next < end && this.#follows(next)) next++
    return next
  }

  /** Whether a piece follows the one before it in the stream, with nothing between to leave out. */
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

/** The bytes that a thread needs: no more than a batch has, and than there are. */
function bufferLength(job: HashJob, { piecesPerBatch, piecesPerRest, fullBatches }: BatchPlan) {
  const { pieceLength } = job.stream
  const pieces = Math.min(fullBatches > 0 ? piecesPerBatch : piecesPerRest, countSelected(job))
  return Math.min(pieces * Math.min(pieceLength, streamLength(job.stream)), MAX_BUFFER)
}

/** A buffer of that many bytes, with anything in it. */
export function takeBuffer(length: number): Uint8Array {
  const buffer = spare && spare.length >= length ? spare : Buffer.allocUnsafeSlow(length)
  spare = null
  return buffer.subarray(0, length)
}

/** Gives a buffer back. It must not be used any more. */
export function returnBuffer(buffer: Uint8Array): void {
  const whole = new Uint8Array(buffer.buffer)
  if (spare === null || whole.length > spare.length) spare = whole
}
