import { DIGEST_LENGTH } from '../kernels/kernel.js'
import { countPieces, fileAt, streamLength, ZEROS, type ContentStream } from './content-stream.js'

/**
 * What to compute of a stream: SHA-1 of its pieces (BEP 3), SHA-256 of the blocks of its files
 * (BEP 52), or both from one reading, as a hybrid torrent needs them.
 */
export type DigestKind = 'pieces' | 'blocks' | 'both'

/** Bytes of a block, which a leaf of a file's Merkle tree is the SHA-256 digest of (BEP 52). */
export const BLOCK_LENGTH = 16 * 1024

/** The digests of some pieces of a stream. What was not asked for is empty. */
export interface StreamDigests {
  /** SHA-1 of these pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /**
   * SHA-256 of the blocks in these pieces, 32 bytes each, in stream order. The last block of a file
   * may be short. A pad file has none, so a file of n bytes has ceil(n / BLOCK_LENGTH).
   */
  readonly blocks: Uint8Array
}

/** The same while they are computed, in memory that threads may share. */
export interface DigestBuffers extends StreamDigests {
  /** The number of the first block of each piece, and at the end of all; null without blocks. */
  readonly firstBlocks: Uint32Array | null
}

/** Some pieces of a stream: their indices in order, or null for all. */
export interface PieceSelection {
  readonly stream: ContentStream
  readonly pieces: Uint32Array | null
}

type Allocate = (length: number) => ArrayBufferLike

/** How many pieces are selected. */
export function countSelected({ pieces, stream }: PieceSelection): number {
  return pieces === null ? countPieces(stream) : pieces.length
}

/** The index in the stream of the selected piece number `i`. */
export function selectedPiece({ pieces }: PieceSelection, i: number): number {
  return pieces === null ? i : (pieces[i] ?? 0)
}

/** Makes room for the digests of the selected pieces. */
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
 * The bytes of a piece that are of a file and not of its padding, in a stream whose files begin on
 * piece boundaries: those at the start of the piece, as there is no other file in it.
 */
export function bytesOfFile(stream: ContentStream, piece: number): number {
  const start = piece * stream.pieceLength
  const file = fileAt(stream, start)
  if (stream.paths[file] === ZEROS) return 0
  const end = stream.offsets[file + 1] ?? streamLength(stream)
  return Math.min(end - start, stream.pieceLength)
}

/** The digests of the first `count` of the selected pieces. */
export function firstDigests(digests: DigestBuffers, count: number): StreamDigests {
  const { pieces, blocks, firstBlocks } = digests
  return {
    pieces: pieces.subarray(0, count * DIGEST_LENGTH.sha1),
    blocks: blocks.subarray(0, (firstBlocks?.[count] ?? 0) * DIGEST_LENGTH.sha256),
  }
}

/** Room for the digests that follow those of the first `count` pieces; it is the same memory. */
export function digestsAfter(digests: DigestBuffers, count: number): DigestBuffers {
  const { pieces, blocks, firstBlocks } = digests
  return {
    pieces: pieces.subarray(count * DIGEST_LENGTH.sha1),
    blocks,
    firstBlocks: firstBlocks?.subarray(count) ?? null,
  }
}
