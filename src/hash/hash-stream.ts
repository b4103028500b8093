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
import { runJob, runJobInTurns } from './jobs/run.js'
import type { ReadFailures } from './stream/read-failures.js'
import type { Throttle } from './jobs/throttle.js'
import { WorkerPool } from './jobs/worker-pool.js'

/** How to hash a stream. */
export interface HashOptions {
  /**
   * What to compute; SHA-1 of the pieces when absent. For blocks all files of the stream must begin
   * on piece boundaries, with pad files of zeros before them, and pieces be as long as blocks at least.
   */
  readonly wanted?: DigestKind | undefined
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
    readonly digests: StreamDigests,
    override readonly cause: unknown,
  ) {
    super('the work did not go on after a pause')
  }
}

/** Work up to these limits is done before threads would have started: bytes, and files to open. */
const SMALL = { bytes: 16 * 1024 * 1024, files: 500 }

/** The same for the accelerator, whose threads start sooner. */
const NATIVE_SMALL = { bytes: 1024 * 1024, files: 100 }

/** Work up to this limit, in bytes, is done before threads of a pool would have woken up. */
const TINY_BYTES = 256 * 1024

const PROGRESS_INTERVAL_MS = 100

/** What to read of a stream, and what to compute of it; as in HashOptions. */
export type HashSelection = Pick<HashOptions, 'wanted' | 'pieces'>

/**
 * Reads pieces of a content stream and returns their digests. A selection that is given by itself
 * counts instead of that in the options.
 * @throws BtkitError `not-found`, `not-permitted`, `io` or `changed` with the file's path, or
 * `interrupted` when the signal aborts; Unfinished when a pause did not end; RangeError when blocks are
 * wanted of files that do not begin on piece boundaries
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

/** Runs a job from one pause to the next, until it is done. */
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

/** How many pieces of a job that has ended are hashed: those of the batches that were taken. */
function countFinished(job: HashJob): number {
  return batchStart(planOf(job), batchesBeforePause(job) ?? Infinity)
}

function planOf(job: HashJob): BatchPlan {
  return planBatches(job, chooseKernel(job.kernel))
}

function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}

/** Whether to do the work on this thread. Waiting for a throttle would block it. */
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
 * Starts the threads of a job. On node:crypto and without a pool this thread works as well: it would
 * only wait, and it can begin at once. Not with a throttle, which would block it.
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
