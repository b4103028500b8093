import type { BatchPlan } from './batch-plan.js'
import { fileAt, streamLength } from '../stream/content-stream.js'
import { cryptoKernel } from '../kernels/crypto.js'
import {
  awaitTurn,
  countJobPieces,
  isStopped,
  jobPiece,
  noteProgress,
  type HashJob,
} from './job.js'
import { DIGEST_LENGTH, type HashKernel } from '../kernels/kernel.js'
import { returnBuffer, takeBuffer } from './spare-buffer.js'
import { StreamReader } from '../stream/reader.js'
import { THROTTLED_READ } from './throttle.js'

/** Some of the job's pieces, all of one length: those from number `first` up to `end`. */
interface PieceRange {
  readonly first: number
  readonly end: number
  readonly length: number
}

/** Reads and hashes the batches of a job with one buffer. */
export class BatchHasher {
  readonly #job: HashJob
  readonly #plan: BatchPlan
  readonly #kernel: HashKernel
  readonly #reader: StreamReader
  readonly #buffer: Uint8Array

  constructor({ job, plan, kernel }: { job: HashJob; plan: BatchPlan; kernel: HashKernel }) {
    this.#job = job
    this.#plan = plan
    this.#kernel = kernel
    this.#reader = new StreamReader(job.stream, job.failures)
    this.#buffer = takeBuffer(plan.bufferLength)
  }

  close(): void {
    this.#reader.close()
    returnBuffer(this.#buffer)
  }

  /** Hashes the whole pieces of a batch, then the short one if it ends with the stream's last. */
  hashBatch(batch: number): void {
    const { pieceLength } = this.#job.stream
    const first = batch * this.#plan.piecesPerBatch
    const end = Math.min(first + this.#plan.piecesPerBatch, countJobPieces(this.#job))
    const rest = streamLength(this.#job.stream) - this.#position(end - 1)
    const whole = rest < pieceLength ? end - 1 : end
    this.#hashRange({ first, end: whole, length: pieceLength })
    this.#hashRange({ first: whole, end, length: rest })
  }

  #hashRange(range: PieceRange): void {
    if (range.first === range.end) return
    if (range.length > this.#plan.sliceLength) this.#hashSliced(range)
    else this.#hashBuffered(range)
  }

  #hashBuffered({ first, end, length }: PieceRange): void {
    const count = end - first
    const data = this.#buffer.subarray(0, count * length)
    for (let i = first; i < end;) {
      const next = this.#endOfRun(i, end)
      const target = data.subarray((i - first) * length, (next - first) * length)
      this.#read(this.#position(i), target)
      i = next
    }
    const { algorithm } = this.#job
    const out = this.#digestsFrom(first)
    this.#kernel.hash({ algorithm, data, pieceLength: length, count, out })
  }

  /** Feeds all pieces of the range side by side, a slice of each at a time. */
  #hashSliced({ first, end, length }: PieceRange): void {
    const { sliceLength } = this.#plan
    // The multi-buffer kernels take whole blocks of 64 bytes; odd lengths are rare and go one by one
    const kernel = length % sliceLength === 0 ? this.#kernel : cryptoKernel
    const hash = kernel.begin(this.#job.algorithm, end - first)
    for (let done = 0; done < length; done += sliceLength) {
      const slice = Math.min(sliceLength, length - done)
      for (let i = first; i < end; i++) {
        const target = this.#buffer.subarray((i - first) * slice, (i - first + 1) * slice)
        this.#read(this.#position(i) + done, target)
      }
      hash.update(this.#buffer, slice)
    }
    hash.digest(this.#digestsFrom(first))
  }

  /** The number after the last of the pieces from `i` on that follow each other in the stream. */
  #endOfRun(i: number, end: number): number {
    let next = i + 1
    while (next < end && jobPiece(this.#job, next) === jobPiece(this.#job, next - 1) + 1) next++
    return next
  }

  #position(i: number): number {
    return jobPiece(this.#job, i) * this.#job.stream.pieceLength
  }

  #digestsFrom(first: number): Uint8Array {
    return this.#job.digests.subarray(first * DIGEST_LENGTH[this.#job.algorithm])
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
