import { DIGEST_LENGTH } from '../kernels/kernel.js'
import { countPieces, fileAt, streamLength, ZEROS, type ContentStream } from './content-stream.js'

/**
 * The digests of a stream to compute: SHA-1 of its pieces (BEP 3), SHA-256 of the blocks of its
 * files (BEP 52), or both with one reading, as a hybrid torrent needs.
 */
export type DigestKind = 'pieces' | 'blocks' | 'both'

/**
 * Length of a block in bytes; a leaf of a file's Merkle tree is the SHA-256 of a block (BEP 52).
 */
export const BLOCK_LENGTH = 16 * 1024

/** The digests of some pieces of a stream. Digests that were not requested are empty. */
export interface StreamDigests {
  /** SHA-1 of these pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /**
   * SHA-256 of the blocks in these pieces, 32 bytes each, in stream order. The last block of a file
   * may be short. Pad files have no blocks. A file of n bytes has ceil(n / BLOCK_LENGTH) blocks.
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

/** Selected pieces of a stream: their indices in ascending order, or null for all. */
export interface PieceSelection {
  readonly stream: ContentStream
  readonly pieces: Uint32Array | null
}

type Allocate = (length: number) => ArrayBufferLike

/** Returns the number of selected pieces. */
export function countSelected({ pieces, stream }: PieceSelection): number {
  return pieces === null ? countPieces(stream) : pieces.length
}

/** Returns the stream index of the selected piece number `i`. */
export function selectedPiece({ pieces }: PieceSelection, i: number): number {
  return pieces === null ? i : (pieces[i] ?? 0)
}

/** Allocates memory for the digests of the selected pieces. */
export function createDigests(
  selection: PieceSelection,
  kind: DigestKind,
  allocate: Allocate,
): DigestBuffers {
  const pieceCount = kind === 'blocks' ? 0 : countSelected(selection)
  const firstBlocks = kind === 'pieces' ? null : numberBlocks(selection, allocate)
  return {
    pieces: new Uint8Array(allocate(pieceCount * DIGEST_LENGTH.sha1)),
    blocks: new Uint8Array(allocate((firstBlocks?.at(-1) ?? 0) * DIGEST_LENGTH.sha256)),
    firstBlocks,
  }
}

function numberBlocks(selection: PieceSelection, allocate: Allocate): Uint32Array {
  requireAlignedFiles(selection.stream)
  const count = countSelected(selection)
  const first = new Uint32Array(allocate(4 * (count + 1)))
  for (let i = 0; i < count; i++) {
    const bytes = bytesOfFile(selection.stream, selectedPiece(selection, i))
    first[i + 1] = (first[i] ?? 0) + Math.ceil(bytes / BLOCK_LENGTH)
  }
  return first
}

function requireAlignedFiles({ paths, offsets, pieceLength }: ContentStream): void {
  const isAligned = paths.every(
    (path, i) => path === ZEROS || (offsets[i] ?? 0) % pieceLength === 0,
  )
  if (!isAligned || pieceLength % BLOCK_LENGTH !== 0) {
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
  if (stream.paths[file] === ZEROS) return 0
  const end = stream.offsets[file + 1] ?? streamLength(stream)
  return Math.min(end - start, stream.pieceLength)
}

/** Returns the digests of the first `count` selected pieces. */
export function firstDigests(digests: DigestBuffers, count: number): StreamDigests {
  const { pieces, blocks, firstBlocks } = digests
  return {
    pieces: pieces.subarray(0, count * DIGEST_LENGTH.sha1),
    blocks: blocks.subarray(0, (firstBlocks?.[count] ?? 0) * DIGEST_LENGTH.sha256),
  }
}

/** Returns the memory for the digests after the first `count` pieces, as views. */
export function digestsAfter(digests: DigestBuffers, count: number): DigestBuffers {
  const { pieces, blocks, firstBlocks } = digests
  return {
    pieces: pieces.subarray(count * DIGEST_LENGTH.sha1),
    blocks,
    firstBlocks: firstBlocks?.subarray(count) ?? null,
  }
}
