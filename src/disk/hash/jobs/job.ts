import type { KernelName } from '../kernels.js'
import {
  type ContentStream,
  countPieces,
  pathAt,
  createDigests,
  type DigestBuffers,
  type DigestKind,
} from '../stream/content-stream.js'
import type { ReadFailures } from '../stream/reading.js'

/** The work on one stream. Everything that changes is in memory that all its threads share. */
export interface HashJob {
  /** The digests to compute; null for checksums only. */
  readonly wanted: DigestKind | null
  readonly kernel: KernelName
  readonly stream: ContentStream
  /** The indices of the pieces to hash, in ascending order. */
  readonly pieces: Uint32Array
  /** Output: the digests of these pieces. */
  readonly digests: DigestBuffers
  /**
   * Output: digests of the whole stream by algorithms of node:crypto, which one thread computes.
   */
  readonly checksums: readonly { readonly algorithm: string; readonly digest: Uint8Array }[]
  /** The words that native/jobs/job.h describes. */
  readonly control: Int32Array
  /** Number of other threads that work on it; with 0, this thread does all the work. */
  readonly threads: number
  /** Limits the read rate; null for no limit. */
  readonly throttle: Throttle | null
  /** Receives read errors; with null, a read error ends the job. */
  readonly failures: ReadFailures | null
  /** Gets 1 for each file that a program has open for writing; null: nobody asks. */
  readonly writers: Uint8Array | null
  /** Whether such a file ends the job. */
  readonly refusesWritten: boolean
  /** Bytes hashed so far. */
  readonly progress: BigInt64Array
  /** Output: 1 for each of the pieces whose digests are there. */
  readonly isDone: Uint8Array
}

// The words of `control`
const NEXT = 0
const STOPPED = 1
const CURRENT_FILE = 2
const CONTROLS = 3

/** The inputs of a job. By default all pieces are hashed. */
export type JobParts = Pick<HashJob, 'stream' | 'wanted' | 'kernel' | 'threads'> &
  Partial<Pick<HashJob, 'throttle' | 'failures' | 'writers' | 'refusesWritten' | 'checksums'>> & {
    readonly pieces?: Uint32Array | null | undefined
  }

/**
 * Creates a job for threads. A job with `threads: 0` stays on this thread and needs less memory.
 */
export function createJob(parts: JobParts): HashJob {
  const allocate = (length: number) => {
    return parts.threads > 0 ? new SharedArrayBuffer(length) : new ArrayBuffer(length)
  }
  const { stream, wanted } = parts
  const pieces = parts.pieces ?? Uint32Array.from({ length: countPieces(stream) }, (_, i) => i)
  return {
    throttle: null,
    failures: null,
    writers: null,
    refusesWritten: false,
    checksums: [],
    ...parts,
    pieces,
    digests: createDigests(stream, pieces, wanted, allocate),
    control: new Int32Array(allocate(CONTROLS * Int32Array.BYTES_PER_ELEMENT)),
    progress: new BigInt64Array(allocate(8)),
    isDone: new Uint8Array(allocate(pieces.length)),
  }
}

/** Takes the next part of the work for the calling thread, and returns its number. */
export function takeNext({ control }: HashJob): number {
  return Atomics.add(control, NEXT, 1)
}

/** Makes all threads stop. */
export function stopJob({ control }: HashJob): void {
  Atomics.store(control, STOPPED, 1)
  Atomics.notify(control, STOPPED)
}

/**
 * Waits until the job may read `bytes` more bytes of a file, and notes them. Returns whether it may
 * go on. Blocks the calling thread.
 */
export function beginRead(job: HashJob, bytes: number, file: number): boolean {
  const { control, progress, throttle } = job
  const delay = throttle ? takeTurn(throttle, bytes) : 0
  if (delay > 0) Atomics.wait(control, STOPPED, 0, delay)
  if (Atomics.load(control, STOPPED) === 1) return false
  Atomics.add(progress, 0, BigInt(bytes))
  Atomics.store(control, CURRENT_FILE, file)
  return true
}

/** Returns the progress of a job. */
export function readProgress({ control, progress, stream }: HashJob): HashProgress {
  return {
    bytesDone: Number(Atomics.load(progress, 0)),
    currentPath: pathAt(stream, Atomics.load(control, CURRENT_FILE)),
  }
}

/** The progress of the work on a stream. */
export interface HashProgress {
  readonly bytesDone: number
  /** The path of a file that is being read. */
  readonly currentPath: string
}

/** Limits the bytes a second that all threads read together. Its state is in shared memory. */
export interface Throttle {
  readonly bytesPerSecond: number
  /** The earliest time of the next read, in nanoseconds on the clock of process.hrtime. */
  readonly nextTurn: BigInt64Array
}

/** Largest read in bytes with a throttle, so that reads are spread evenly at a low rate. */
export const THROTTLED_READ = 256 * 1024

/** Creates a throttle. All threads that use it share its rate. */
export function createThrottle(bytesPerSecond: number): Throttle {
  return { bytesPerSecond, nextTurn: new BigInt64Array(new SharedArrayBuffer(8)) }
}

/**
 * Reserves the time for a read of `bytes` bytes. Returns how long to wait before it, in
 * milliseconds.
 */
export function takeTurn({ bytesPerSecond, nextTurn }: Throttle, bytes: number): number {
  const now = process.hrtime.bigint()
  const duration = BigInt(Math.ceil((bytes / bytesPerSecond) * 1e9))
  for (;;) {
    const next = Atomics.load(nextTurn, 0)
    const turn = next > now ? next : now
    if (Atomics.compareExchange(nextTurn, 0, next, turn + duration) === next) {
      return Number(turn - now) / 1e6
    }
  }
}
