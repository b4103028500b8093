import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { asBtkitError, refuseAborted } from '../../../base/errors.js'
import { PieceHasher } from '../arriving-bytes.js'
import { cryptoKernel, DIGEST_LENGTH } from '../kernels.js'
import { openSameFile, readFully } from '../stream/reading.js'
import { takeTurn, THROTTLED_READ, type Throttle } from './job.js'

/** Bytes of one read. */
const READ = 1024 * 1024

/** Reads a file once from beginning to end. The results are in shared memory. */
export interface WholeFileJob {
  readonly kind: 'whole file'
  readonly path: string
  /** The expected device and inode numbers of a real path; null if links are followed. */
  readonly identity: BigUint64Array | null
  readonly size: number
  /** Names of node:crypto. */
  readonly algorithms: readonly string[]
  /** Output: the digests of the file, in the order of `algorithms`. */
  readonly digests: readonly Uint8Array[]
  /** Bytes of a piece; Infinity if no piece digests are wanted. */
  readonly pieceLength: number
  /** Output: SHA-1 of the file's pieces; empty if not wanted. */
  readonly pieces: Uint8Array
  readonly throttle: Throttle | null
  /** GO_ON or END. */
  readonly control: Int32Array
  /** Bytes read so far. */
  readonly progress: BigInt64Array
}

const GO_ON = 0
const END = 1

/** The file to read, and what to compute. */
export interface WholeFile extends Pick<WholeFileJob, 'path' | 'size' | 'identity'> {
  /** Digests with their lengths in bytes. */
  readonly checksums: readonly { readonly algorithm: string; readonly length: number }[]
  /** Bytes of a piece. Absent if no piece digests are wanted. */
  readonly pieceLength?: number | undefined
  /** Limits the read rate. */
  readonly throttle?: Throttle | undefined
}

export function createWholeFileJob({ checksums, pieceLength, ...file }: WholeFile): WholeFileJob {
  const shared = (length: number) => new Uint8Array(new SharedArrayBuffer(length))
  const pieceCount = pieceLength === undefined ? 0 : Math.ceil(file.size / pieceLength)
  return {
    kind: 'whole file',
    ...file,
    algorithms: checksums.map(({ algorithm }) => algorithm),
    digests: checksums.map(({ length }) => shared(length)),
    pieceLength: pieceLength ?? Infinity,
    pieces: shared(pieceCount * DIGEST_LENGTH.sha1),
    throttle: file.throttle ?? null,
    control: new Int32Array(new SharedArrayBuffer(4)),
    progress: new BigInt64Array(new SharedArrayBuffer(8)),
  }
}

/** Bytes read so far. */
export function wholeFileProgress({ progress }: WholeFileJob): number {
  return Number(Atomics.load(progress, 0))
}

/**
 * Reads a file on another thread, until the signal aborts.
 * @throws BtkitError `interrupted`, and as readWholeFile
 */
export async function runWholeFile(
  job: WholeFileJob,
  pool: { run: (job: WholeFileJob) => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  const stop = () => {
    Atomics.store(job.control, 0, END)
    Atomics.notify(job.control, 0)
  }
  signal.addEventListener('abort', stop)
  try {
    refuseAborted(signal)
    await pool.run(job)
    refuseAborted(signal)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Reads a file on this thread.
 * @throws BtkitError `changed` if the file was replaced or ends early, `not-found`,
 *   `not-permitted` or `io`
 */
export function readWholeFile(job: WholeFileJob): void {
  try {
    const { path, identity } = job
    const descriptor = identity ? openSameFile(path, identity) : openSync(path, 'r')
    try {
      digest(descriptor, job)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw asBtkitError(error, job.path)
  }
}

function digest(descriptor: number, job: WholeFileJob): void {
  const { path, size, control, throttle, progress } = job
  const hashes = job.algorithms.map((algorithm) => createHash(algorithm))
  const pieces = job.pieces.length > 0 && new PieceHasher('sha1', job.pieceLength, cryptoKernel)
  const step = throttle ? THROTTLED_READ : READ
  const buffer = Buffer.allocUnsafe(Math.min(step, size))
  for (let at = 0; at < size; at += step) {
    const bytes = buffer.subarray(0, size - at)
    const delay = throttle ? takeTurn(throttle, bytes.length) : 0
    if (delay > 0) Atomics.wait(control, 0, GO_ON, delay)
    if (Atomics.load(control, 0) !== GO_ON) return
    readFully(bytes, descriptor, at, path)
    for (const hash of hashes) hash.update(bytes)
    if (pieces) pieces.update(bytes)
    Atomics.store(progress, 0, BigInt(at + bytes.length))
  }
  if (pieces) job.pieces.set(pieces.finish())
  for (const [i, hash] of hashes.entries()) job.digests[i]?.set(hash.digest())
}
