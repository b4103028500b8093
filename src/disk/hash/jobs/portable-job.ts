import { createHash, type Hash } from 'node:crypto'
import { openSync } from 'node:fs'
import { closeDone } from '../../../base/directories.js'
import { asBtkitError } from '../../../base/errors.js'
import { BLOCK } from '../../../metainfo/sizes.js'
import { DIGEST_LENGTH } from '../kernels.js'
import {
  type ContentStream,
  fileAt,
  streamLength,
  isPadding,
  pathAt,
  bytesOfFile,
  type DigestBuffers,
} from '../stream/content-stream.js'
import { openSameFile, noteReadFailure, readFully } from '../stream/reading.js'
import { beginRead, takeNext, type HashJob, THROTTLED_READ } from './job.js'

// Reads and hashes on node:crypto: content where the accelerator does not work, and checksums of
// files

/**
 * The largest read in bytes. The data of a larger one would have left the processor's cache when it
 * is hashed.
 */
const READ = 1024 * 1024

/** Returns how many pieces a thread takes at a time, so that it reads enough of a file at once. */
function piecesPerTurn({ pieceLength }: ContentStream): number {
  return Math.max(1, Math.floor(READ / pieceLength))
}

/** Returns how often a thread can take pieces. */
export function countTurns(job: HashJob): number {
  return Math.ceil(job.pieces.length / piecesPerTurn(job.stream))
}

/** Takes pieces until none is left or the job is stopped. Other threads may do the same. */
export function runPortableJob(job: HashJob): void {
  const { stream, throttle, checksums } = job
  const most = piecesPerTurn(stream)
  const reader = new JobReader(job)
  const hashes = checksums.map(({ algorithm }) => createHash(algorithm))
  const step = Math.min(throttle ? THROTTLED_READ : READ, stream.pieceLength)
  const buffer = Buffer.allocUnsafe(step)
  try {
    for (let turn = takeNext(job); turn < countTurns(job); turn = takeNext(job)) {
      const end = Math.min((turn + 1) * most, job.pieces.length)
      for (let i = turn * most; i < end; i++) hashPiece(i, job, reader, hashes, buffer)
    }
  } finally {
    reader.close()
  }
  for (const [i, hash] of hashes.entries()) checksums[i]?.digest.set(hash.digest())
}

/**
 * Hashes the job's piece number `i`, in reads of the buffer's size. Padding is part of the piece,
 * but not of the blocks.
 */
function hashPiece(
  i: number,
  job: HashJob,
  reader: JobReader,
  hashes: readonly Hash[],
  buffer: Uint8Array,
): void {
  const { wanted, stream, digests } = job
  const piece = job.pieces[i] ?? 0
  const position = piece * stream.pieceLength
  const blockBytes = digests.firstBlocks ? bytesOfFile(stream, piece) : 0
  const pieceBytes = Math.min(stream.pieceLength, streamLength(stream) - position)
  const hash = wanted === 'pieces' || wanted === 'both' ? createHash('sha1') : null
  const length = wanted === 'blocks' ? blockBytes : pieceBytes
  for (let at = 0; at < length; at += buffer.length) {
    const bytes = buffer.subarray(0, length - at)
    if (!beginRead(job, bytes.length, fileAt(stream, position + at))) return
    reader.read(position + at, bytes)
    hash?.update(bytes)
    for (const each of hashes) each.update(bytes)
    const block = (digests.firstBlocks?.[i] ?? 0) + at / BLOCK
    hashBlocks(bytes.subarray(0, Math.max(0, blockBytes - at)), digests, block)
  }
  if (hash) digests.pieces.set(hash.digest(), i * DIGEST_LENGTH.sha1)
  Atomics.store(job.isDone, i, 1)
}

/** Hashes adjacent blocks (BEP 52) into the digests from number `first` on. */
function hashBlocks(bytes: Uint8Array, { blocks }: DigestBuffers, first: number): void {
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const digest = createHash('sha256')
      .update(bytes.subarray(at, at + BLOCK))
      .digest()
    blocks.set(digest, (first + at / BLOCK) * digest.length)
  }
}

/** Reads ranges of a job's pieces. Keeps the last file open for the next range. */
class JobReader {
  #file = -1
  #descriptor = -1
  /** Why the last file could not be opened. */
  #refusal: Error | null = null

  constructor(private readonly job: HashJob) {}

  /**
   * Fills `target` with bytes of one piece, from the stream's `position` on.
   * @throws BtkitError `not-found`, `not-permitted`, `io`, or `changed` for a file that ends early
   *   or was replaced. A job with `failures` gets zeros instead, and notes the failure there.
   */
  read(position: number, target: Uint8Array): void {
    const { stream, failures } = this.job
    const { offsets, pieceLength } = stream
    let file = fileAt(stream, position)
    for (let filled = 0; filled < target.length; file++) {
      const at = position + filled
      const start = at - (offsets[file] ?? 0)
      const part = target.subarray(filled, filled + (offsets[file + 1] ?? 0) - at)
      // An empty file is not opened
      if (part.length === 0) continue
      filled += part.length
      try {
        this.#readPart(file, start, part)
      } catch (error) {
        if (failures === null) throw asBtkitError(error, pathAt(stream, file))
        noteReadFailure(failures, file, Math.floor(at / pieceLength), error)
        part.fill(0)
      }
    }
  }

  close(): void {
    if (this.#descriptor >= 0) closeDone(this.#descriptor)
    this.#file = this.#descriptor = -1
    this.#refusal = null
  }

  #readPart(file: number, start: number, target: Uint8Array): void {
    const { stream } = this.job
    if (isPadding(stream, file)) {
      target.fill(0)
      return
    }
    const path = pathAt(stream, file)
    if (this.#file !== file) this.#open(file, path)
    // The failed open is not repeated for each of the file's pieces
    if (this.#refusal !== null) throw this.#refusal
    readFully(target, this.#descriptor, start, path)
  }

  #open(file: number, path: string): void {
    this.close()
    this.#file = file
    const identity = this.job.stream.identities?.subarray(2 * file, 2 * file + 2)
    try {
      this.#descriptor = identity ? openSameFile(path, identity) : openSync(path, 'r')
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#refusal = error
    }
  }
}
