import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { refuseAborted } from '../../base/errors.js'
import {
  createJob,
  readProgress,
  stopJob,
  takeTurn,
  type HashJob,
  type HashProgress,
  type Throttle,
} from './jobs/job.js'
import { hashAddon, hashKernel } from './kernels.js'
import {
  countFiles,
  streamLength,
  type ContentStream,
  type DigestKind,
  type StreamDigests,
} from './stream/content-stream.js'
import { monotonicNow } from '../../base/process.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'
import { countTurns } from './jobs/portable-job.js'
import { runOnNativeThreads, runJob } from './jobs/run-job.js'
import type { ReadFailures } from './stream/reading.js'
import { WorkerPool } from './jobs/worker-pool.js'

/** Options for hashing a stream. */
export interface HashOptions {
  /**
   * The digests to compute. Default: SHA-1 of the pieces. For blocks, all files of the stream must
   * begin on piece boundaries, with pad files of zeros before them. Pieces must then be at least as
   * long as blocks.
   */
  readonly wanted?: DigestKind | undefined
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
  /** Gets 1 for each file that a program has open for writing. Only the native addon asks. */
  readonly writers?: Uint8Array | undefined
  /** Whether such a file ends the work. */
  readonly refusesWritten?: boolean | undefined
  /** Ends the work when it aborts. */
  readonly signal: AbortSignal
  /** Called about ten times a second while threads are working. */
  readonly onProgress?: ((progress: HashProgress) => void) | undefined
}

/** Limits of work that is faster on this thread, because threads take time to start. */
const SMALL = { bytes: 1024 * 1024, files: 100 }

/** The limit in bytes if threads of a pool hash other streams at the same time. */
const SMALL_IN_POOL = 256 * 1024

const PROGRESS_INTERVAL_MS = 100

/**
 * Reads pieces of a content stream and returns their digests.
 * @throws BtkitError `not-found`, `not-permitted`, `io` or `changed` with the file's path, or
 *   `interrupted` if the signal aborts; RangeError if blocks are wanted of files that do not begin
 *   on piece boundaries
 */
export async function hashStream(
  stream: ContentStream,
  options: HashOptions,
): Promise<StreamDigests> {
  const job = createStreamJob(stream, options)
  await runStreamJob(job, options)
  const { digests } = job
  return { pieces: digests.pieces, blocks: digests.blocks }
}

/** The digests of some pieces. */
export interface HashedPart extends StreamDigests {
  /** The indices of the pieces. */
  readonly indices: Uint32Array
}

/** Least milliseconds of a part: a kill loses the hashes of this time. */
const PART_MS = 1000

/** Parts that are as long as all the work before them: those of long work are longer. */
const PARTS = 100

/**
 * Reads pieces as hashStream does, and yields their digests in parts, while others are still read.
 * Before an error, yields the digests that precede it.
 * @throws as hashStream
 */
export async function* hashInParts(
  stream: ContentStream,
  options: HashOptions,
): AsyncGenerator<HashedPart> {
  const job = createStreamJob(stream, options)
  const startedAt = monotonicNow()
  const running = runStreamJob(job, options)
  const ended = running.catch(() => undefined)
  let done = 0
  try {
    for (let isLast = false; !isLast;) {
      const pause = Math.max(PART_MS, (monotonicNow() - startedAt) / PARTS)
      isLast = await endsWithin(ended, pause)
      const part = partFrom(job, done)
      done += part.indices.length
      if (part.indices.length > 0) yield part
    }
    await running
    if (done < job.pieces.length) throw new Error('pieces were not hashed')
  } finally {
    stopJob(job)
    await ended
  }
}

/** Waits for the end of work. Resolves with false if it takes more milliseconds. */
function endsWithin(ended: Promise<void>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, false)
    // Small files are read before: an AbortController for each took a twentieth of the time
    void ended.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

/** Returns the digests of a job from a piece on, up to the first one that is not done. */
function partFrom({ pieces, isDone, digests }: HashJob, from: number): HashedPart {
  let to = from
  while (to < pieces.length && Atomics.load(isDone, to) === 1) to++
  const [first = 0, end = 0] = [digests.firstBlocks?.[from], digests.firstBlocks?.[to]]
  return {
    indices: pieces.subarray(from, to),
    pieces: digests.pieces.subarray(from * SHA1, to * SHA1),
    blocks: digests.blocks.subarray(first * SHA256, end * SHA256),
  }
}

/** @throws BtkitError `interrupted` if the signal has aborted */
function createStreamJob(stream: ContentStream, options: HashOptions): HashJob {
  refuseAborted(options.signal)
  const { wanted = 'pieces', pieces, refusesWritten = false } = options
  const { throttle = null, failures = null, writers = null } = options
  const how = { kernel: hashKernel().name, throttle, failures, writers, refusesWritten }
  const threads = isSmall(stream, options) ? 0 : options.threads
  return createJob({ stream, pieces, wanted, threads, ...how })
}

async function runStreamJob(job: HashJob, options: HashOptions): Promise<void> {
  if (job.threads === 0) runJob(job)
  else await runOnThreads(job, options)
}

/**
 * Whether to do the work on this thread. Never with a throttle, because waiting would block the
 * thread.
 */
function isSmall(stream: ContentStream, options: HashOptions): boolean {
  if (options.isOffloaded || options.throttle || countFiles(stream) > SMALL.files) return false
  const bytes = (options.pieces?.length ?? Infinity) * stream.pieceLength
  return Math.min(streamLength(stream), bytes) <= (options.pool ? SMALL_IN_POOL : SMALL.bytes)
}

/**
 * Runs a job on other threads until the signal aborts.
 * @throws BtkitError as hashStream does
 */
export async function runOnThreads(
  job: HashJob,
  { signal, onProgress, pool: given }: Pick<HashOptions, 'pool' | 'signal' | 'onProgress'>,
): Promise<void> {
  refuseAborted(signal)
  // It also reads
  const addon = job.kernel === 'crypto' ? null : hashAddon
  const pool = addon ? null : (given ?? new WorkerPool())
  const stop = () => {
    stopJob(job)
  }
  // Of a signal that many streams share, Node would warn
  setMaxListeners(0, signal)
  signal.addEventListener('abort', stop)
  const timer = setInterval(() => onProgress?.(readProgress(job)), PROGRESS_INTERVAL_MS)
  timer.unref()
  try {
    const runs = addon ? [runOnNativeThreads(addon, job, given?.niceness)] : []
    // Nothing has checksums, too
    const most = pool ? Math.min(job.threads, Math.max(1, countTurns(job))) : 0
    while (pool && runs.length < most) runs.push(pool.run(job))
    for (const run of runs) run.catch(stop)
    await Promise.allSettled(runs)
    await Promise.all(runs)
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
    if (!given) await pool?.close()
  }
  refuseAborted(signal)
}

/**
 * Waits until the rate allows so many more bytes, and blocks nothing.
 * @throws BtkitError `interrupted` if the signal aborts
 */
export async function awaitTurnOf(
  { throttle, signal }: Pick<HashOptions, 'throttle' | 'signal'>,
  bytes: number,
): Promise<void> {
  const delay = throttle ? takeTurn(throttle, bytes) : 0
  if (delay > 0) await wait(delay, undefined, { signal }).catch(() => undefined)
  refuseAborted(signal)
}
