import { loadNative } from '../../native-addon.js'
import type { HashAlgorithm } from './kernel.js'

/** The kernels of the native addon. */
export type NativeName = 'avx512' | 'avx2' | 'shani'

/** The compiled accelerator; native/piece_hash.c says what its functions do and check. */
export interface Addon {
  /** The kernels that this processor and operating system can run. */
  features(): Record<NativeName, boolean>

  hash(
    kernel: NativeName,
    algorithm: HashAlgorithm,
    data: Uint8Array,
    pieceLength: number,
    count: number,
    out: Uint8Array,
  ): void

  /** Does a job on the calling thread. */
  hashJob(job: NativeJob): JobEnd

  /** Does a job on so many threads of its own, of that niceness. */
  hashJobOnThreads(job: NativeJob, threads: number, niceness: number): Promise<JobEnd>
}

/** Why a job failed: the index of the file, and a negative errno or one of native/stream/open_files.h. */
export type JobEnd = [file: number, reason: number] | undefined

/** A job as the accelerator takes it; native/job_request.c checks it. */
export interface NativeJob {
  readonly kernel: NativeName
  /** Each ended by a NUL; empty where there is no file. */
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
  /** Null where no blocks are wanted. */
  readonly firstBlocks: Uint32Array | null
  readonly blockDigests: Uint8Array
  readonly control: Int32Array
  readonly progress: BigInt64Array
  readonly nextTurn: BigInt64Array | null
  readonly bytesPerSecond: number
  readonly failedPieces: Uint8Array | null
  readonly reasons: Int32Array | null
}

/** Loads the accelerator, or returns null where it was not built or does not fit this system. */
export function loadAddon(): Addon | null {
  if (loaded === undefined) loaded = loadNative<Addon>('hashJobOnThreads')
  return loaded
}

/** Kept, because a kernel is chosen anew for each of many small files. */
let loaded: Addon | null | undefined
