import { createHash } from 'node:crypto'
import type { HashAlgorithm, Hasher, NativeName } from '../../base/bytes.js'
import { BtkitError } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'

/** Length of a digest in bytes. */
export const DIGEST_LENGTH: Record<HashAlgorithm, number> = { sha1: SHA1, sha256: SHA256 }

/** The hash kernels. `crypto` uses node:crypto and works everywhere. */
export type KernelName = NativeName | 'crypto'

/**
 * Computes digests of many pieces of the same length in one call. All kernels return the same
 * digests.
 */
export interface HashKernel {
  readonly name: KernelName

  /** Number of pieces that one call needs for full speed. */
  readonly lanes: number

  /**
   * Hashes `count` adjacent pieces of `pieceLength` bytes at the start of `data`. Writes their
   * digests one after another to the start of `out`.
   */
  hash(batch: PieceBatch): void

  /**
   * The same on another thread, if the kernel can. Until then the memory of the batch must not
   * change. Hashes the data also in pieces twice as long, `doublings` times: the digests of each
   * length follow those of the shorter one. `out` then has room for twice `count` digests.
   */
  hashLater(batch: PieceBatch, doublings?: number): Promise<void>
}

/** Pieces to hash in one call. */
interface PieceBatch {
  readonly algorithm: HashAlgorithm
  readonly data: Uint8Array
  readonly pieceLength: number
  readonly count: number
  readonly out: Uint8Array
}

/** The native addon; native/piece_hash.c describes what its functions do and check. */
export interface Addon extends Hasher {
  /** Does the same as `hash` on another thread, also for pieces that are twice as long. */
  hashLater(...batch: [...Parameters<Addon['hash']>, doublings: number]): Promise<void>

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
  readonly kernel: KernelName
  /** Each directory ends with a NUL. These and the names are as in StreamPaths. */
  readonly directories: Uint8Array
  readonly directoryOf: Uint32Array
  readonly names: Uint8Array
  readonly nameAt: Uint32Array
  readonly identities: BigUint64Array | null
  /** Receives 1 for each file that a program has open for writing. Null: nobody asks. */
  readonly written: Uint8Array | null
  /** Whether such a file ends the job. */
  readonly refusesWritten: boolean
  readonly offsets: Float64Array
  readonly pieceLength: number
  readonly pieces: Uint32Array
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
  /** Receives 1 for each of the pieces whose digests are there. */
  readonly isDone: Uint8Array
  readonly nextTurn: BigInt64Array | null
  readonly bytesPerSecond: number
  readonly failedPieces: Uint8Array | null
  readonly reasons: Int32Array | null
}

/** The native addon; null if it is not built or does not fit this system. */
export const hashAddon = loadNative<Addon>('hashLater')

/** All kernels, fastest first. */
export const KERNEL_NAMES: readonly KernelName[] = ['avx512', 'shani', 'avx2', 'crypto']

/** OpenSSL through node:crypto: hashes one piece at a time, works on every machine. */
const cryptoKernel: HashKernel = {
  name: 'crypto',
  lanes: 1,

  hash({ algorithm, data, pieceLength, count, out }) {
    for (let i = 0; i < count; i++) {
      const piece = data.subarray(i * pieceLength, (i + 1) * pieceLength)
      out.set(createHash(algorithm).update(piece).digest(), i * DIGEST_LENGTH[algorithm])
    }
  },

  hashLater(batch, doublings = 0) {
    if (doublings === 0) this.hash(batch)
    else hashDoublings(batch, doublings)
    return Promise.resolve()
  },
}

/** A hash that has the first half of a piece goes on to its end. */
function hashDoublings(
  { algorithm, data, pieceLength, count, out }: PieceBatch,
  doublings: number,
) {
  const bytes = DIGEST_LENGTH[algorithm]
  let begun = Array.from({ length: count }, () => createHash(algorithm))
  for (let level = 0, at = 0; level <= doublings; level++) {
    const length = pieceLength * 2 ** level
    const step = level === 0 ? length : length / 2
    for (const [i, hash] of begun.entries()) {
      hash.update(data.subarray((i + 1) * length - step, (i + 1) * length))
      out.set(hash.copy().digest(), at)
      at += bytes
    }
    begun = begun.filter((_, i) => i % 2 === 0)
  }
}

/** Number of pieces that each kernel hashes in parallel. */
const LANES: Record<NativeName, number> = { avx512: 32, avx2: 8, shani: 4 }

const PIECE_LENGTH = 64 * 1024

const DURATION_MS = 100

/** Returns the kernels that this machine can run, fastest first. */
export function availableKernels(): HashKernel[] {
  return KERNEL_NAMES.flatMap((name) => findKernel(name) ?? [])
}

/**
 * Chooses the kernel of this process by its name, by default the fastest one of this machine, and
 * returns it.
 * @throws BtkitError `usage` if the name is unknown, `kernel` if this machine cannot run it
 */
export function chooseKernel(name?: string): HashKernel {
  const names = KERNEL_NAMES.filter((known) => name === undefined || known === name)
  if (names.length === 0) {
    throw new BtkitError(
      'usage',
      `hash kernel '${name ?? ''}': not one of ${KERNEL_NAMES.join(', ')}`,
    )
  }
  for (const candidate of names) {
    const kernel = findKernel(candidate)
    if (kernel) return (chosen = kernel)
  }
  const why = hashAddon
    ? 'this processor lacks it'
    : 'there is no native accelerator; btkit doctor says why'
  throw new BtkitError('kernel', `hash kernel ${name ?? ''}: ${why}`)
}

let chosen: HashKernel | undefined

/** Returns the kernel of this process: the chosen one, or the fastest one of this machine. */
export function hashKernel(): HashKernel {
  return chosen ?? chooseKernel()
}

function findKernel(name: KernelName): HashKernel | null {
  if (name === 'crypto') return cryptoKernel
  return hashAddon?.features()[name] ? nativeKernel(hashAddon, name satisfies NativeName) : null
}

/** Wraps a kernel of the native addon. */
function nativeKernel(addon: Addon, name: NativeName): HashKernel {
  return {
    name,
    lanes: LANES[name],

    hash({ algorithm, data, pieceLength, count, out }) {
      addon.hash(name, algorithm, data, pieceLength, count, out)
    },

    hashLater({ algorithm, data, pieceLength, count, out }, doublings = 0) {
      return addon.hashLater(name, algorithm, data, pieceLength, count, out, doublings)
    },
  }
}

/**
 * Measures the bytes a second that a kernel hashes on this thread, with data in the processor's
 * cache. Takes 0.1 s.
 */
export function measureKernel(kernel: HashKernel, algorithm: HashAlgorithm): number {
  const data = new Uint8Array(kernel.lanes * PIECE_LENGTH)
  const out = new Uint8Array(kernel.lanes * DIGEST_LENGTH[algorithm])
  const batch = { algorithm, data, pieceLength: PIECE_LENGTH, count: kernel.lanes, out }
  const started = performance.now()
  let bytes = 0
  let elapsed = 0
  do {
    kernel.hash(batch)
    bytes += data.length
    elapsed = performance.now() - started
  } while (elapsed < DURATION_MS)
  return (bytes / elapsed) * 1000
}
