import { Buffer } from 'node:buffer'
import { DIGEST_LENGTH } from '../kernels.js'
import { textOfPath } from '../../../base/text/raw-path.js'
import type { FilePaths } from '../../file-lists/columns.js'
import { PADDING } from '../../file-lists/file-store.js'
import { BLOCK } from '../../../metainfo/sizes.js'

/**
 * The content of a torrent: its files one after another, divided into pieces. Plain data, so that
 * it can be sent to threads.
 */
export interface ContentStream extends FilePaths {
  /**
   * Two numbers for each file: the expected device and inode of its file. Null accepts any file.
   */
  readonly identities: BigUint64Array | null
  /**
   * Offset of each file in the stream in bytes, and at the end the length of the stream. An empty
   * file begins where the next one does.
   */
  readonly offsets: Float64Array
  /** Bytes of a piece. */
  readonly pieceLength: number
}

/** In place of a path: the file is padding. */
export const ZEROS = ''

/** Returns the number of files in a stream. */
export function countFiles({ offsets }: ContentStream): number {
  return offsets.length - 1
}

export function isPadding({ directoryOf }: ContentStream, file: number): boolean {
  return directoryOf[file] === PADDING
}

/** Returns the path of a file; ZEROS for padding, or if there is no such file. */
export function pathAt(stream: ContentStream, file: number): string {
  const { directories, directoryOf, names, nameAt } = stream
  const directory = directories[directoryOf[file] ?? PADDING]
  const start = nameAt[file]
  if (directory === undefined || start === undefined) return ZEROS
  const name = Buffer.from(names.buffer, names.byteOffset, names.length)
  return directory + textOfPath(name.subarray(start, name.indexOf(0, start)))
}

/** Returns the bytes of a file. */
export function sizeAt({ offsets }: ContentStream, file: number): number {
  return (offsets[file + 1] ?? 0) - (offsets[file] ?? 0)
}

/** Returns the length of a stream in bytes. */
export function streamLength(stream: ContentStream): number {
  return stream.offsets.at(-1) ?? 0
}

/** Returns the number of pieces of a stream; the last may be short. */
export function countPieces(stream: ContentStream): number {
  return Math.ceil(streamLength(stream) / stream.pieceLength)
}

/** Returns the index of the file that contains the byte at `position`, which is not empty. */
export function fileAt({ offsets }: Pick<ContentStream, 'offsets'>, position: number): number {
  let low = 0
  let high = offsets.length - 2
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((offsets[middle] ?? Infinity) <= position) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * The digests of a stream to compute: SHA-1 of its pieces (BEP 3), SHA-256 of the blocks of its
 * files (BEP 52), or both with one reading, as a hybrid torrent needs.
 */
export type DigestKind = 'pieces' | 'blocks' | 'both'

/** The digests of some pieces of a stream. Digests that were not requested are empty. */
export interface StreamDigests {
  /** SHA-1 of these pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /**
   * SHA-256 of the blocks in these pieces, 32 bytes each, in stream order. The last block of a file
   * may be short. Pad files have no blocks. A file of n bytes has ceil(n / BLOCK) blocks.
   */
  readonly blocks: Uint8Array
}

/** The same digests while they are computed, in memory that threads may share. */
export interface DigestBuffers extends StreamDigests {
  /**
   * Number of the first block of each piece, followed by the number of all blocks; null without
   * blocks.
   */
  readonly firstBlocks: Uint32Array | null
}

type Allocate = (length: number) => ArrayBufferLike

/** Allocates memory for the digests of pieces, given by their indices. */
export function createDigests(
  stream: ContentStream,
  pieces: Uint32Array,
  kind: DigestKind | null,
  allocate: Allocate,
): DigestBuffers {
  const pieceCount = kind === 'pieces' || kind === 'both' ? pieces.length : 0
  const hasBlocks = kind === 'blocks' || kind === 'both'
  const firstBlocks = hasBlocks ? numberBlocks(stream, pieces, allocate) : null
  return {
    pieces: new Uint8Array(allocate(pieceCount * DIGEST_LENGTH.sha1)),
    blocks: new Uint8Array(allocate((firstBlocks?.at(-1) ?? 0) * DIGEST_LENGTH.sha256)),
    firstBlocks,
  }
}

function numberBlocks(stream: ContentStream, pieces: Uint32Array, allocate: Allocate) {
  requireAlignedFiles(stream)
  const first = new Uint32Array(allocate(4 * (pieces.length + 1)))
  for (const [i, piece] of pieces.entries())
    first[i + 1] = (first[i] ?? 0) + Math.ceil(bytesOfFile(stream, piece) / BLOCK)
  return first
}

function requireAlignedFiles(stream: ContentStream): void {
  const { offsets, pieceLength } = stream
  const isAligned = offsets.every((offset, i) => {
    // Behind the last file, and behind an empty one, nothing begins
    const isEmpty = offset === (offsets[i + 1] ?? offset)
    return isEmpty || isPadding(stream, i) || offset % pieceLength === 0
  })
  if (!isAligned || pieceLength % BLOCK !== 0) {
    throw new RangeError('blocks need files that begin on piece boundaries')
  }
}

/**
 * Returns how many bytes of a piece belong to a file and not to its padding. The stream's files
 * must begin on piece boundaries, so these bytes are at the start of the piece.
 */
export function bytesOfFile(stream: ContentStream, piece: number): number {
  const start = piece * stream.pieceLength
  const file = fileAt(stream, start)
  if (isPadding(stream, file)) return 0
  const end = stream.offsets[file + 1] ?? streamLength(stream)
  return Math.min(end - start, stream.pieceLength)
}
