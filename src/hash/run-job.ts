import { planBatches, type BatchPlan } from './batch-plan.js'
import { chooseKernel } from './choose-kernel.js'
import { countPieces, fileAt, streamLength } from './content-stream.js'
import { cryptoKernel } from './crypto-kernel.js'
import { isStopped, noteProgress, takeBatch, type HashJob } from './job.js'
import { DIGEST_LENGTH, type HashKernel } from './kernel.js'
import { StreamReader } from './stream-reader.js'

/**
 * One thread's share of a job: takes batch after batch until none is left or the job is stopped.
 * Any number of threads may run the same job; each has a reader and a buffer of its own.
 */
export function runJob(job: HashJob): void {
  const kernel = chooseKernel(job.kernel)
  const plan = planBatches(job.stream, kernel)
  const worker = new BatchWorker({ job, plan, kernel })
  try {
    while (!isStopped(job)) {
      const batch = takeBatch(job)
      if (batch >= plan.batchCount) return
      worker.hashBatch(batch)
    }
  } finally {
    worker.close()
  }
}

/** A run of pieces of equal length: `count` of `length` bytes from the stream's `position` on. */
interface PieceRun {
  readonly position: number
  readonly length: number
  readonly count: number
  readonly out: Uint8Array
}

class BatchWorker {
  readonly #job: HashJob
  readonly #plan: BatchPlan
  readonly #kernel: HashKernel
  readonly #reader: StreamReader
  readonly #buffer: Uint8Array

  constructor({ job, plan, kernel }: { job: HashJob; plan: BatchPlan; kernel: HashKernel }) {
    this.#job = job
    this.#plan = plan
    this.#kernel = kernel
    this.#reader = new StreamReader(job.stream)
    this.#buffer = Buffer.allocUnsafeSlow(plan.bufferLength)
  }

  close(): void {
    this.#reader.close()
  }

  /** Hashes the whole pieces of a batch, then the short one if it ends the stream. */
  hashBatch(batch: number): void {
    const { stream, algorithm, digests } = this.#job
    const first = batch * this.#plan.piecesPerBatch
    const last = Math.min(first + this.#plan.piecesPerBatch, countPieces(stream))
    const position = first * stream.pieceLength
    const end = Math.min(last * stream.pieceLength, streamLength(stream))
    const whole = Math.floor((end - position) / stream.pieceLength)
    const rest = end - position - whole * stream.pieceLength
    const out = digests.subarray(first * DIGEST_LENGTH[algorithm])
    this.#hashRun({ position, length: stream.pieceLength, count: whole, out })
    this.#hashRun({
      position: end - rest,
      length: rest,
      count: rest > 0 ? 1 : 0,
      out: out.subarray(whole * DIGEST_LENGTH[algorithm]),
    })
  }

  #hashRun(run: PieceRun): void {
    if (run.count === 0) return
    if (run.count * run.length > this.#buffer.length) this.#hashSliced(run)
    else this.#hashBuffered(run)
  }

  #hashBuffered({ position, length, count, out }: PieceRun): void {
    const data = this.#buffer.subarray(0, count * length)
    this.#read(position, data)
    this.#kernel.hash({ algorithm: this.#job.algorithm, data, pieceLength: length, count, out })
  }

  /** Feeds all pieces of the run side by side, a slice of each at a time. */
  #hashSliced({ position, length, count, out }: PieceRun): void {
    // The multi-buffer kernels take whole blocks of 64 bytes; odd lengths are rare and go one by one
    const kernel = length % this.#plan.sliceLength === 0 ? this.#kernel : cryptoKernel
    const hash = kernel.begin(this.#job.algorithm, count)
    for (let done = 0; done < length; done += this.#plan.sliceLength) {
      const slice = Math.min(this.#plan.sliceLength, length - done)
      for (let lane = 0; lane < count; lane++) {
        const target = this.#buffer.subarray(lane * slice, (lane + 1) * slice)
        this.#read(position + lane * length + done, target)
      }
      hash.update(this.#buffer, slice)
    }
    hash.digest(out)
  }

  #read(position: number, target: Uint8Array): void {
    this.#reader.read(position, target)
    noteProgress(this.#job, target.length, fileAt(this.#job.stream, position))
  }
}
