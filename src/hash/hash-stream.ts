import { BtkitError } from '../errors.js'
import { batchStart, countBatches, planBatches, type BatchPlan } from './jobs/batch-plan.js'
import { chooseKernel } from './kernels/choose.js'
import { streamLength, type ContentStream } from './stream/content-stream.js'
import {
  countSelected,
  firstDigests,
  type DigestKind,
  type PieceSelection,
  type StreamDigests,
} from './stream/digests.js'
import {
  batchesBeforePause,
  createJob,
  pauseJob,
  readProgress,
  restOfJob,
  stopJob,
  type HashJob,
  type HashProgress,
} from './jobs/job.js'
import type { KernelName } from './kernels/kernel.js'
import { isNative, runOnNativeThreads } from './jobs/native-job.js'
import { runJob, runJobInTurns } from './jobs/run-job.js'
import type { ReadFailures } from './stream/read-failures.js'
import type { Throttle } from './jobs/throttle.js'
import { WorkerPool } from './jobs/worker-pool.js'

/** Options for hashing a stream. */
export interface HashOptions {
  /**
   * The digests to compute. Default: SHA-1 of the pieces. For blocks, all files of the stream must
   * begin on piece boundaries, with pad files of zeros before them. Pieces must then be at least as
   * long as blocks.
   */
  readonly wanted?: DigestKind | undefined
  readonly kernel: KernelName
  /** The indices of the pieces to read and hash, in ascending order. Default: all. */
  readonly pieces?: Uint32Array | undefined
  /** Maximum number of threads. Each reads and hashes with its own buffer. */
  readonly threads: number
  /**
   * Threads that are reused for other streams. Without a pool, the threads end with this stream.
   */
  readonly pool?: WorkerPool | undefined
  /**
   * Whether other threads do even the smallest work, so that the calling thread is never blocked.
   */
  readonly isOffloaded?: boolean
  /** Limits the read rate. */
  readonly throttle?: Throttle | undefined
  /**
   * Receives read errors; unreadable bytes then count as zeros. Without it, a read error ends the
   * work.
   */
  readonly failures?: ReadFailures | undefined
  /** Ends the work when it aborts. */
  readonly signal: AbortSignal
  /** Pauses the work for other work. Needs threads. */
  readonly pauses?: Pauses | undefined
  /** Called about ten times a second while threads are working. */
  readonly onProgress?: ((progress: HashProgress) => void) | undefined
}

/** Decides when the work pauses and continues. */
export interface Pauses {
  /** Sets the function to call when the work must pause. It replaces the previous one. */
  readonly onPause: (act: () => void) => void
  /**
   * Resolves when the work may continue, with the number of threads to use. Rejects if it must not
   * continue.
   */
  readonly goOn: () => Promise<number>
}

/**
 * The error that prevented work from continuing after a pause, with the digests of the first
 * pieces, which are complete.
 */
export class Unfinished extends Error {
  constructor(
    readonly digests: StreamDigests,
    override readonly cause: unknown,
  ) {
    super('the work did not go on after a pause')
  }
}

/**
 * Limits in bytes and files of work that is faster on this thread, because threads take time to
 * start.
 */
const SMALL = { bytes: 16 * 1024 * 1024, files: 500 }

/** The same limits for the native addon, whose threads start faster. */
const NATIVE_SMALL = { bytes: 1024 * 1024, files: 100 }

/** Limit in bytes of work that is faster on this thread than on the threads of a pool. */
const TINY_BYTES = 256 * 1024

const PROGRESS_INTERVAL_MS = 100

/** The pieces to read and the digests to compute; as in HashOptions. */
export type HashSelection = Pick<HashOptions, 'wanted' | 'pieces'>

/**
 * Reads pieces of a content stream and returns their digests. The third parameter overrides the
 * selection in the options.
 * @throws BtkitError `not-found`, `not-permitted`, `io` or `changed` with the file's path, or
 *   `interrupted` if the signal aborts; Unfinished if the work did not continue after a pause;
 *   RangeError if blocks are wanted of files that do not begin on piece boundaries
 */
export async function hashStream(
  stream: ContentStream,
  options: HashOptions,
  { wanted = 'pieces', pieces }: HashSelection = options,
): Promise<StreamDigests> {
  refuseInterrupted(options.signal)
  const { kernel, throttle = null, failures = null } = options
  const selected = pieces ?? null
  const threads = isSmall({ stream, pieces: selected }, options) ? 0 : options.threads
  const job = createJob({ wanted, kernel, threads, stream, pieces: selected, throttle, failures })
  if (threads === 0) runJob(job)
  else await runStretches(job, options)
  refuseInterrupted(options.signal)
  return firstDigests(job.digests, countSelected(job))
}

/** Runs a job between pauses until it is done. */
async function runStretches(job: HashJob, options: HashOptions): Promise<void> {
  for (let stretch = job; ;) {
    await runThreads(stretch, options)
    const finished = countFinished(stretch)
    if (options.signal.aborted || finished === countSelected(stretch)) return
    const done = countSelected(job) - countSelected(stretch) + finished
    const threads = await options.pauses?.goOn().catch((error: unknown) => {
      throw new Unfinished(firstDigests(job.digests, done), error)
    })
    stretch = restOfJob(stretch, finished, threads ?? options.threads)
  }
}

/**
 * Returns the number of hashed pieces of a job that has ended: all pieces of the batches that were
 * taken.
 */
function countFinished(job: HashJob): number {
  return batchStart(planOf(job), batchesBeforePause(job) ?? Infinity)
}

function planOf(job: HashJob): BatchPlan {
  return planBatches(job, chooseKernel(job.kernel))
}

function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}

/**
 * Whether to do the work on this thread. Never with a throttle, because waiting would block the
 * thread.
 */
function isSmall(selection: PieceSelection, options: HashOptions): boolean {
  const { pool, throttle, isOffloaded } = options
  if (isOffloaded) return false
  const { stream } = selection
  const bytes = Math.min(streamLength(stream), countSelected(selection) * stream.pieceLength)
  const small = options.kernel === 'crypto' ? SMALL : NATIVE_SMALL
  const limit = pool ? TINY_BYTES : small.bytes
  return bytes <= limit && stream.paths.length <= small.files && throttle === undefined
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
 * Starts the threads of a job. With node:crypto and no pool, this thread also works: it would
 * otherwise wait, and it can begin at once. Not with a throttle, which would block it.
 */
function startShares(job: HashJob, options: HashOptions, pool: WorkerPool): Promise<void>[] {
  const count = Math.min(job.threads, countBatches(planOf(job)))
  if (count === 0) return []
  if (isNative(job)) return [runOnNativeThreads(job, { count, niceness: pool.niceness })]
  const own = options.pool || job.throttle ? 0 : 1
  const others = Array.from({ length: count - own }, () => pool.run(job))
  return own === 1 ? [...others, runJobInTurns(job)] : others
}

function throwFirstFailure(results: PromiseSettledResult<void>[]): void {
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}
