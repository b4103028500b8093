import { countPieces, type ContentStream } from './content-stream.js'
import { DIGEST_LENGTH, type HashAlgorithm, type KernelName } from './kernel.js'

/** The work on one stream, in memory that all its threads share. */
export interface HashJob {
  readonly algorithm: HashAlgorithm
  readonly kernel: KernelName
  readonly stream: ContentStream
  /** The digests of all pieces, one after the other. */
  readonly digests: Uint8Array
  /** The next batch that nobody has taken yet, and whether to stop; see the functions below. */
  readonly control: Int32Array
  /** Bytes hashed so far. */
  readonly progress: BigInt64Array
}

const NEXT_BATCH = 0
const STOPPED = 1
const CURRENT_FILE = 2

export function createJob(
  stream: ContentStream,
  algorithm: HashAlgorithm,
  kernel: KernelName,
): HashJob {
  const digestBytes = countPieces(stream) * DIGEST_LENGTH[algorithm]
  return {
    algorithm,
    kernel,
    stream,
    digests: new Uint8Array(new SharedArrayBuffer(digestBytes)),
    control: new Int32Array(new SharedArrayBuffer(12)),
    progress: new BigInt64Array(new SharedArrayBuffer(8)),
  }
}

/** Takes the next batch for the calling thread. */
export function takeBatch({ control }: HashJob): number {
  return Atomics.add(control, NEXT_BATCH, 1)
}

/** Tells all threads to take no further batch. */
export function stopJob({ control }: HashJob): void {
  Atomics.store(control, STOPPED, 1)
}

export function isStopped({ control }: HashJob): boolean {
  return Atomics.load(control, STOPPED) === 1
}

/** Notes that `bytes` more are hashed, and that the work has reached the file of that index. */
export function noteProgress({ control, progress }: HashJob, bytes: number, file: number): void {
  Atomics.add(progress, 0, BigInt(bytes))
  Atomics.store(control, CURRENT_FILE, file)
}

export function readProgress({ control, progress, stream }: HashJob): HashProgress {
  return {
    bytesDone: Number(Atomics.load(progress, 0)),
    currentPath: stream.paths[Atomics.load(control, CURRENT_FILE)] ?? '',
  }
}

export interface HashProgress {
  readonly bytesDone: number
  /** The path of a file that is being read. */
  readonly currentPath: string
}
