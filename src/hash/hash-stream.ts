import { BtkitError } from '../errors.js'
import { planBatches, type BatchPlan } from './jobs/batch-plan.js'
import { chooseKernel } from './kernels/choose.js'
import { streamLength, type ContentStream } from './stream/content-stream.js'
import {
  batchesBeforePause,
  countJobPieces,
  createJob,
  pauseJob,
  readProgress,
  restOfJob,
  stopJob,
  type HashJob,
  type HashProgress,
  type JobSelection,
} from './jobs/job.js'
import { DIGEST_LENGTH, type HashAlgorithm, type KernelName } from './kernels/kernel.js'
import { runJob, runJobInTurns } from './jobs/run.js'
import type { ReadFailures } from './stream/read-failures.js'
import type { Throttle } from './jobs/throttle.js'
import { WorkerPool } from './jobs/worker-pool.js'

/** How to hash a stream. */
export interface HashOptions {
  readonly algorithm: HashAlgorithm
  readonly kernel: KernelName
  /** The indices of the pieces to read and hash, in ascending order; all when absent. */
  readonly pieces?: Uint32Array | undefined
  /** Threads at most; each reads and hashes with a buffer of its own. */
  readonly threads: number
  /** Threads to use again for the next stream; without one, they end with this one. */
  readonly pool?: WorkerPool | undefined
  /** Whether other threads do even the smallest work, so that this one is never blocked. */
  readonly isOffloaded?: boolean
  /** Limits how fast the stream is read. */
  readonly throttle?: Throttle | undefined
  /** Where to note what can't be read, which then counts as zeros; without it, that is an error. */
  readonly failures?: ReadFailures | undefined
  /** Stops the work when it aborts. */
  readonly signal: AbortSignal
  /** Has the work give way to other work now and then. Needs threads. */
  readonly pauses?: Pauses | undefined
  /** Called about ten times a second while threads are at work. */
  readonly onProgress?: ((progress: HashProgress) => void) | undefined
}

/** Tells work when to pause, and when to go on. */
export interface Pauses {
  /** Has something done when the work is to pause, instead of what was to be done before. */
  readonly onPause: (act: () => void) => void
  /** Resolves when the work may go on, with the threads to use from then on; fails when it may not. */
  readonly goOn: () => Promise<number>
}

/** What failed to go on after a pause, and the digests of the first pieces, which were finished. */
export class Unfinished extends Error {
  constructor(
    readonly digests: Uint8Array,
    override readonly cause: unknown,
  ) {
    super('the work did not go on after a pause')
  }
}

/** Work up to these limits is done before threads would have started: bytes, and files to open. */
const SMALL_BYTES = 16 * 1024 * 1024
const SMALL_FILES = 500

/** Work up to this limit, in bytes, is done before threads of a pool would have woken up. */
const TINY_BYTES = 256 * 1024

const PROGRESS_INTERVAL_MS = 100

/**
 * Reads pieces of a content stream and returns their digests, one after the other.
 * @throws BtkitError `not-found`, `not-permitted`, `io` or `changed` with the file's path, or
 * `interrupted` when the signal aborts; Unfinished when a pause did not end
 */
export async function hashStream(stream: ContentStream, options: HashOptions): Promise<Uint8Array> {
  refuseInterrupted(options.signal)
  const { algorithm, kernel, pieces = null, throttle = null, failures = null } = options
  const threads = isSmall({ stream, pieces }, options) ? 0 : options.threads
  const job = createJob({ algorithm, kernel, threads, stream, pieces, throttle, failures })
  if (threads === 0) runJob(job)
  else await runStretches(job, options)
  refuseInterrupted(options.signal)
  return job.digests
}

/** Runs a job from one pause to the next, until it is done. */
async function runStretches(job: HashJob, options: HashOptions): Promise<void> {
  for (let stretch = job; ;) {
    await runThreads(stretch, options)
    const finished = countFinished(stretch)
    if (options.signal.aborted || finished === countJobPieces(stretch)) return
    const left = job.digests.length - stretch.digests.length
    const done = left + finished * DIGEST_LENGTH[job.algorithm]
    const threads = await options.pauses?.goOn().catch((error: unknown) => {
      throw new Unfinished(job.digests.subarray(0, done), error)
    })
    stretch = restOfJob(stretch, finished, threads ?? options.threads)
  }
}

/** How many pieces of a job that has ended are hashed: those of the batches that were taken. */
function countFinished(job: HashJob): number {
  const taken = batchesBeforePause(job) ?? Infinity
  return Math.min(taken * planOf(job).piecesPerBatch, countJobPieces(job))
}

function planOf(job: HashJob): BatchPlan {
  return planBatches(job, chooseKernel(job.kernel), job.threads)
}

function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}

/** Whether to do the work on this thread. Waiting for a throttle would block it. */
function isSmall(selection: JobSelection, options: HashOptions): boolean {
  const { pool, throttle, isOffloaded } = options
  if (isOffloaded) return false
  const { stream } = selection
  const bytes = Math.min(streamLength(stream), countJobPieces(selection) * stream.pieceLength)
  const limit = pool ? TINY_BYTES : SMALL_BYTES
  return bytes <= limit && stream.paths.length <= SMALL_FILES && throttle === undefined
}

async function runThreads(job: HashJob, options: HashOptions): Promise<void> {
  const pool = options.pool ?? new WorkerPool()
  const stop = () => {
    stopJob(job)
  }
  options.signal.addEventListener('abort', stop)
  options.pauses?.onPause(() => {
    pauseJob(job)
  })
  const timer = setInterval(() => options.onProgress?.(readProgress(job)), PROGRESS_INTERVAL_MS)
  timer.unref()
  try {
    const runs = startShares(job, options, pool)
    for (const run of runs) run.catch(stop)
    throwFirstFailure(await Promise.allSettled(runs))
  } finally {
    clearInterval(timer)
    options.signal.removeEventListener('abort', stop)
    if (!options.pool) await pool.close()
  }
}

/**
 * Starts the threads of a job. Without a pool this thread works as well: it would only wait, and it
 * can begin at once. Not with a throttle, which would block it.
 */
function startShares(job: HashJob, options: HashOptions, pool: WorkerPool): Promise<void>[] {
  const count = Math.min(job.threads, planOf(job).batchCount)
  const own = options.pool || job.throttle ? 0 : 1
  const others = Array.from({ length: count - own }, () => pool.run(job))
  return own === 1 ? [...others, runJobInTurns(job)] : others
}

function throwFirstFailure(results: PromiseSettledResult<void>[]): void {
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}
