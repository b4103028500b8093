import { createHash } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import { openSameFile } from '../stream/open-same-file.js'

/** Bytes of one read. */
const READ = 1024 * 1024

/** Lengths of SHA-256 and SHA-1 digests in bytes. */
const SHA256 = 32
const SHA1 = 20

/** Reads a file once from beginning to end. The results are in shared memory. */
export interface WholeFileJob {
  readonly kind: 'whole file'
  /** The real path, and the expected device and inode numbers. */
  readonly path: string
  readonly identity: BigUint64Array
  readonly size: number
  /** Output: SHA-256 of the file. */
  readonly sha256: Uint8Array
  /** Bytes of a piece; Infinity if no piece digests are wanted. */
  readonly pieceLength: number
  /** Output: SHA-1 of the file's pieces; empty if not wanted. */
  readonly pieces: Uint8Array
  /** GO_ON or END. */
  readonly control: Int32Array
  /** Bytes read so far. */
  readonly progress: BigInt64Array
}

const GO_ON = 0
const END = 1

/** The file to read. */
export interface WholeFile {
  readonly path: string
  readonly size: number
  readonly device: bigint
  readonly inode: bigint
  /** Bytes of a piece; null if no piece digests are wanted. */
  readonly pieceLength: number | null
}

export function createWholeFileJob({
  path,
  size,
  device,
  inode,
  pieceLength,
}: WholeFile): WholeFileJob {
  const pieceCount = pieceLength === null ? 0 : Math.ceil(size / pieceLength)
  return {
    kind: 'whole file',
    path,
    identity: BigUint64Array.of(device, inode),
    size,
    pieceLength: pieceLength ?? Infinity,
    sha256: new Uint8Array(new SharedArrayBuffer(SHA256)),
    pieces: new Uint8Array(new SharedArrayBuffer(pieceCount * SHA1)),
    control: new Int32Array(new SharedArrayBuffer(4)),
    progress: new BigInt64Array(new SharedArrayBuffer(8)),
  }
}

/** Ends the reading. Its digests are then invalid. */
export function endWholeFile({ control }: WholeFileJob): void {
  Atomics.store(control, 0, END)
}

/** Bytes read so far. */
export function wholeFileProgress({ progress }: WholeFileJob): number {
  return Number(Atomics.load(progress, 0))
}

/**
 * Reads a file on this thread.
 * @throws BtkitError `changed` if the file was replaced or ends early, `not-permitted` or `io`
 */
export function readWholeFile(job: WholeFileJob): void {
  try {
    const descriptor = openSameFile(job.path, job.identity)
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
  const { size, sha256, progress } = job
  const whole = createHash('sha256')
  const pieces = new PieceDigests(job)
  const buffer = Buffer.allocUnsafe(Math.min(READ, size))
  for (let at = 0; at < size; at += READ) {
    if (Atomics.load(job.control, 0) !== GO_ON) return
    const bytes = buffer.subarray(0, size - at)
    fill(bytes, { descriptor, at, path: job.path })
    whole.update(bytes)
    pieces.update(bytes)
    Atomics.store(progress, 0, BigInt(at + bytes.length))
  }
  pieces.end()
  sha256.set(whole.digest())
}

/** Computes SHA-1 of the pieces of a file that is read in order. */
class PieceDigests {
  #hash = createHash('sha1')
  #left: number
  #count = 0

  constructor(private readonly job: Pick<WholeFileJob, 'pieceLength' | 'pieces'>) {
    this.#left = job.pieceLength
  }

  update(bytes: Uint8Array): void {
    if (this.job.pieces.length === 0) return
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#left)
      this.#hash.update(part)
      at += part.length
      this.#left -= part.length
      if (this.#left === 0) this.end()
    }
  }

  /** Ends the current piece if it has any bytes. */
  end(): void {
    const { pieces, pieceLength } = this.job
    if (pieces.length === 0 || this.#left === pieceLength) return
    pieces.set(this.#hash.digest(), SHA1 * this.#count)
    this.#hash = createHash('sha1')
    this.#left = pieceLength
    this.#count++
  }
}

interface Source {
  readonly descriptor: number
  readonly at: number
  readonly path: string
}

function fill(bytes: Buffer, { descriptor, at, path }: Source): void {
  for (let filled = 0; filled < bytes.length;) {
    const read = readSync(descriptor, bytes, filled, bytes.length - filled, at + filled)
    if (read === 0) throw new BtkitError('changed', `${path}: became shorter while it was read`)
    filled += read
  }
}
