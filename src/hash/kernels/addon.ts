import { loadNative } from '../../native-addon.js'
import type { HashAlgorithm } from './kernel.js'

/** The kernels of the native addon. */
export type NativeName = 'avx512' | 'avx2' | 'shani'

/** The native addon; native/piece_hash.c describes what its functions do and check. */
export interface Addon {
  /** Returns which kernels this processor and operating system can run. */
  features(): Record<NativeName, boolean>

  hash(
    kernel: NativeName,
    algorithm: HashAlgorithm,
    data: Uint8Array,
    pieceLength: number,
    count: number,
    out: Uint8Array,
  ): void

  /** Runs a job on the calling thread. */
  hashJob(job: NativeJob): JobEnd

  /** Runs a job on `threads` native threads with this niceness. */
  hashJobOnThreads(job: NativeJob, threads: number, niceness: number): Promise<JobEnd>
}

/**
 * Why a job failed: the index of the file, and a negative errno or a reason of
 * native/stream/open_files.h.
 */
export type JobEnd = [file: number, reason: number] | undefined

/** A job for the native addon; native/job_request.c checks it. */
export interface NativeJob {
  readonly kernel: NativeName
  /** Each path ends with a NUL; the path of a pad file is empty. */
  readonly paths: Uint8Array
  readonly identities: BigUint64Array | null
  readonly offsets: Float64Array
  readonly pieceLength: number
  readonly pieces: Uint32Array | null
  readonly piecesPerBatch: number
  readonly fullBatches: number
  readonly piecesPerRest: number
  /** Whether to read from disks strictly in order. */
  readonly isInOrder: boolean
  readonly wantsPieces: boolean
  readonly pieceDigests: Uint8Array
  /** Null if no blocks are wanted. */
  readonly firstBlocks: Uint32Array | null
  readonly blockDigests: Uint8Array
  readonly control: Int32Array
  readonly progress: BigInt64Array
  readonly nextTurn: BigInt64Array | null
  readonly bytesPerSecond: number
  readonly failedPieces: Uint8Array | null
  readonly reasons: Int32Array | null
}

/** Loads the native addon. Returns null if it is not built or does not fit this system. */
export function loadAddon(): Addon | null {
  if (loaded === undefined) loaded = loadNative<Addon>('hashJobOnThreads')
  return loaded
}

/** Cached, because a kernel is chosen for each of many small files. */
let loaded: Addon | null | undefined
