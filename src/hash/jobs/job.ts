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

/** The work on one stream. Everything that changes is in memory that all its threads share. */
export interface HashJob {
  /** The digests to compute. */
  readonly wanted: DigestKind
  readonly kernel: KernelName
  readonly stream: ContentStream
  /** The indices of the pieces to hash, in ascending order; null for all. */
  readonly pieces: Uint32Array | null
  /** Output: the digests of these pieces. */
  readonly digests: DigestBuffers
  /** The next batch and the stop flag; see the functions below. */
  readonly control: Int32Array
  /** Number of other threads that work on it; with 0, this thread does all the work. */
  readonly threads: number
  /** Limits the read rate; null for no limit. */
  readonly throttle: Throttle | null
  /** Receives read errors; with null, a read error ends the job. */
  readonly failures: ReadFailures | null
  /** Bytes hashed so far. */
  readonly progress: BigInt64Array
}

const NEXT_BATCH = 0
const STOPPED = 1
const CURRENT_FILE = 2
const BATCHES_TAKEN = 3
const CONTROLS = 4

/** Larger than the number of batches of any job. */
const NO_MORE = 2 ** 30

/** The inputs of a job. */
export type JobParts = Pick<HashJob, 'stream' | 'pieces' | 'wanted' | 'kernel' | 'threads'> &
  Partial<Pick<HashJob, 'throttle' | 'failures'>>

/**
 * Creates a job for threads. A job with `threads: 0` stays on this thread and needs less memory.
 */
export function createJob(parts: JobParts): HashJob {
  const allocate = (length: number) => {
    return parts.threads > 0 ? new SharedArrayBuffer(length) : new ArrayBuffer(length)
  }
  const { stream, pieces, wanted, kernel, threads } = parts
  // Lists all properties: there may be very many jobs, and spreading takes several times as long
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

/** Takes the next batch for the calling thread, and returns its number. */
export function takeBatch({ control }: HashJob): number {
  return Atomics.add(control, NEXT_BATCH, 1)
}

/** Makes all threads stop after their current batch. */
export function stopJob({ control }: HashJob): void {
  Atomics.store(control, STOPPED, 1)
  Atomics.notify(control, STOPPED)
}

/** Makes the job end after the current batches. restOfJob returns the rest. */
export function pauseJob({ control }: HashJob): void {
  const taken = Atomics.exchange(control, NEXT_BATCH, NO_MORE)
  if (taken < NO_MORE) Atomics.store(control, BATCHES_TAKEN, taken)
}

/** Returns how many batches were taken before the job was paused; null if it was not paused. */
export function batchesBeforePause({ control }: HashJob): number | null {
  return Atomics.load(control, NEXT_BATCH) < NO_MORE ? null : Atomics.load(control, BATCHES_TAKEN)
}

/**
 * Returns the rest of a paused job, without its first `finished` pieces. Its digests go to the same
 * memory, and its progress continues.
 */
export function restOfJob(job: HashJob, finished: number, threads: number): HashJob {
  const count = countSelected(job) - finished
  const pieces = job.pieces?.slice(finished) ?? countFrom(finished, count)
  const digests = digestsAfter(job.digests, finished)
  const control = new Int32Array(new SharedArrayBuffer(job.control.byteLength))
  return { ...job, threads, pieces, digests, control }
}

/** Returns `count` consecutive integers from `first` on. */
function countFrom(first: number, count: number): Uint32Array {
  const numbers = new Uint32Array(count)
  for (let i = 0; i < count; i++) numbers[i] = first + i
  return numbers
}

/** Waits until the job may read `bytes` more bytes, or is stopped. Blocks the calling thread. */
export function awaitTurn({ control, throttle }: HashJob, bytes: number): void {
  if (throttle === null) return
  const delay = takeTurn(throttle, bytes)
  if (delay > 0) Atomics.wait(control, STOPPED, 0, delay)
}

/** Whether all threads must stop. */
export function isStopped({ control }: HashJob): boolean {
  return Atomics.load(control, STOPPED) === 1
}

/** Records that `bytes` more bytes are hashed, and the index of the file that is being read. */
export function noteProgress({ control, progress }: HashJob, bytes: number, file: number): void {
  Atomics.add(progress, 0, BigInt(bytes))
  Atomics.store(control, CURRENT_FILE, file)
}

/** Returns the progress of a job. */
export function readProgress({ control, progress, stream }: HashJob): HashProgress {
  return {
    bytesDone: Number(Atomics.load(progress, 0)),
    currentPath: stream.paths[Atomics.load(control, CURRENT_FILE)] ?? '',
  }
}

/** The progress of the work on a stream. */
export interface HashProgress {
  readonly bytesDone: number
  /** The path of a file that is being read. */
  readonly currentPath: string
}
