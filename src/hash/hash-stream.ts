import { Worker } from 'node:worker_threads'
import { BtkitError } from '../errors.js'
import { planBatches } from './batch-plan.js'
import { chooseKernel } from './choose-kernel.js'
import { streamLength, type ContentStream } from './content-stream.js'
import {
  countJobPieces,
  createJob,
  readProgress,
  stopJob,
  type HashJob,
  type HashProgress,
} from './job.js'
import type { HashAlgorithm, KernelName } from './kernel.js'
import { runJob } from './run-job.js'
import type { WorkerReport } from './worker.js'

export interface HashOptions {
  readonly algorithm: HashAlgorithm
  readonly kernel: KernelName
  /** The indices of the pieces to read and hash, in ascending order; all when absent. */
  readonly pieces?: Uint32Array | undefined
  /** Threads at most; each reads and hashes with a buffer of its own. */
  readonly threads: number
  /** Stops the work when it aborts. */
  readonly signal: AbortSignal
  /** Called about ten times a second while threads are at work. */
  readonly onProgress?: ((progress: HashProgress) => void) | undefined
}

/** Work that is done sooner than a thread has started: bytes, and files to open. */
const SMALL_BYTES = 16 * 1024 * 1024
const SMALL_FILES = 500

const PROGRESS_INTERVAL_MS = 100

/**
 * Reads pieces of a content stream and returns their digests, one after the other.
 * @throws BtkitError `not-found`, `not-permitted`, `io` or `changed` with the file's path, or
 * `interrupted` when the signal aborts
 */
export async function hashStream(stream: ContentStream, options: HashOptions): Promise<Uint8Array> {
  const { algorithm, kernel, pieces } = options
  const job = createJob({ algorithm, kernel, stream, pieces: pieces ? share(pieces) : null })
  if (isSmall(job)) runJob(job)
  else await runThreads(job, options)
  if (options.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  return job.digests
}

/** Copies indices to memory that all threads see. */
function share(pieces: Uint32Array): Uint32Array {
  const shared = new Uint32Array(new SharedArrayBuffer(pieces.byteLength))
  shared.set(pieces)
  return shared
}

function isSmall(job: HashJob): boolean {
  const bytes = Math.min(streamLength(job.stream), countJobPieces(job) * job.stream.pieceLength)
  return bytes <= SMALL_BYTES && job.stream.paths.length <= SMALL_FILES
}

async function runThreads(job: HashJob, options: HashOptions): Promise<void> {
  const { batchCount } = planBatches(job, chooseKernel(job.kernel))
  const threads = Math.min(options.threads, batchCount)
  const stop = () => {
    stopJob(job)
  }
  options.signal.addEventListener('abort', stop)
  const timer = setInterval(() => options.onProgress?.(readProgress(job)), PROGRESS_INTERVAL_MS)
  try {
    const runs = Array.from({ length: threads }, () => runThread(job))
    for (const run of runs) run.catch(stop)
    throwFirstFailure(await Promise.allSettled(runs))
  } finally {
    clearInterval(timer)
    options.signal.removeEventListener('abort', stop)
  }
}

function throwFirstFailure(results: PromiseSettledResult<void>[]): void {
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

/** Runs the job in a thread of its own until that has ended, so that no file stays open. */
function runThread(job: HashJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job })
    worker.on('message', (report: WorkerReport) => {
      if (report) reject(new BtkitError(report.code, report.message))
    })
    worker.on('error', reject)
    worker.on('exit', () => {
      resolve()
    })
  })
}
