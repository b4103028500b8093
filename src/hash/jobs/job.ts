import type { KernelName } from '../kernels/kernel.js'
import type { ContentStream } from '../stream/content-stream.js'
import {
  countSelected,
  createDigests,
  digestsAfter,
  type DigestBuffers,
  type DigestKind,
} from '../stream/digests.js'
import type { ReadFailures } from '../stream/read-failures.js'
import { takeTurn, type Throttle } from './throttle.js'

/** The work on one stream. What changes is in memory that all its threads share. */
export interface HashJob {
  /** What to compute. */
  readonly wanted: DigestKind
  readonly kernel: KernelName
  readonly stream: ContentStream
  /** The indices of the pieces to hash, in order; null for all. */
  readonly pieces: Uint32Array | null
  /** The digests of those pieces. */
  readonly digests: DigestBuffers
  /** The next batch that nobody has taken yet, and whether to stop; see the functions below. */
  readonly control: Int32Array
  /** How many threads work on it beside this one; with 0, this one does. */
  readonly threads: number
  /** Limits how fast the stream is read; null for no limit. */
  readonly throttle: Throttle | null
  /** Where to note what can't be read; null: that ends the job. */
  readonly failures: ReadFailures | null
  /** Bytes hashed so far. */
  readonly progress: BigInt64Array
}

const NEXT_BATCH = 0
const STOPPED = 1
const CURRENT_FILE = 2
const BATCHES_TAKEN = 3
const CONTROLS = 4

/** More batches than any job has. */
const NO_MORE = 2 ** 30

/** What a job is made of. */
export type JobParts = Pick<HashJob, 'stream' | 'pieces' | 'wanted' | 'kernel' | 'threads'> &
  Partial<Pick<HashJob, 'throttle' | 'failures'>>

/** Sets up a job for threads; one for `threads: 0` stays on this thread, and costs less memory. */
export function createJob(parts: JobParts): HashJob {
  const allocate = (length: number) => {
    return parts.threads > 0 ? new SharedArrayBuffer(length) : new ArrayBuffer(length)
  }
  const { stream, pieces, wanted, kernel, threads } = parts
  // Spelled out, as there may be very many, and copying an object costs several times as much
  return {
    stream,
    pieces,
    wanted,
    kernel,
    threads,
    throttle: parts.throttle ?? null,
    failures: parts.failures ?? null,
    digests: createDigests(parts, wanted, allocate),
    control: new Int32Array(allocate(CONTROLS * Int32Array.BYTES_PER_ELEMENT)),
    progress: new BigInt64Array(allocate(8)),
  }
}

/** Takes the next batch for the calling thread. */
export function takeBatch({ control }: HashJob): number {
  return Atomics.add(control, NEXT_BATCH, 1)
}

/** Tells all threads to take no further batch. */
export function stopJob({ control }: HashJob): void {
  Atomics.store(control, STOPPED, 1)
  Atomics.notify(control, STOPPED)
}

/** Has the job end after the batches that are under way. What is left can be continued. */
export function pauseJob({ control }: HashJob): void {
  const taken = Atomics.exchange(control, NEXT_BATCH, NO_MORE)
  if (taken < NO_MORE) Atomics.store(control, BATCHES_TAKEN, taken)
}

/** How many batches were taken before the job was paused; null when it was not. */
export function batchesBeforePause({ control }: HashJob): number | null {
  return Atomics.load(control, NEXT_BATCH) < NO_MORE ? null : Atomics.load(control, BATCHES_TAKEN)
}

/**
 * The rest of a job that was paused, without its first `finished` pieces. Its digests go where they
 * would have gone, and its progress counts on.
 */
export function restOfJob(job: HashJob, finished: number, threads: number): HashJob {
  const count = countSelected(job) - finished
  const pieces = job.pieces?.slice(finished) ?? countFrom(finished, count)
  const digests = digestsAfter(job.digests, finished)
  const control = new Int32Array(new SharedArrayBuffer(job.control.byteLength))
  return { ...job, threads, pieces, digests, control }
}

/** So many whole numbers from the first on. */
function countFrom(first: number, count: number): Uint32Array {
  const numbers = new Uint32Array(count)
  for (let i = 0; i < count; i++) numbers[i] = first + i
  return numbers
}

/** Sleeps until the job may read `bytes` more, or is stopped. Blocks the calling thread. */
export function awaitTurn({ control, throttle }: HashJob, bytes: number): void {
  if (throttle === null) return
  const delay = takeTurn(throttle, bytes)
  if (delay > 0) Atomics.wait(control, STOPPED, 0, delay)
}

/** Whether all threads were told to stop. */
export function isStopped({ control }: HashJob): boolean {
  return Atomics.load(control, STOPPED) === 1
}

/** Notes that `bytes` more are hashed, and that the work has reached the file of that index. */
export function noteProgress({ control, progress }: HashJob, bytes: number, file: number): void {
  Atomics.add(progress, 0, BigInt(bytes))
  Atomics.store(control, CURRENT_FILE, file)
}

/** How far the work has come. */
export function readProgress({ control, progress, stream }: HashJob): HashProgress {
  return {
    bytesDone: Number(Atomics.load(progress, 0)),
    currentPath: stream.paths[Atomics.load(control, CURRENT_FILE)] ?? '',
  }
}

/** How far the work on a stream has come. */
export interface HashProgress {
  readonly bytesDone: number
  /** The path of a file that is being read. */
  readonly currentPath: string
}
