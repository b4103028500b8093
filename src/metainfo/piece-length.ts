import type { PieceLength } from './values.js'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

/**
 * Content of more than `size` bytes gets pieces of 2^`pow2` bytes. Up to 128 GiB this is
 * BitTornado's table, which ends there. The longer pieces keep a torrent below the 10 MB that
 * libtorrent accepts.
 */
const BY_SIZE: readonly (readonly [size: number, pow2: number])[] = [
  [512 * GIB, 24],
  [256 * GIB, 23],
  [128 * GIB, 22],
  [8192 * MIB, 21],
  [2048 * MIB, 20],
  [512 * MIB, 19],
  [64 * MIB, 18],
  [16 * MIB, 17],
  [4 * MIB, 16],
]

/** Smallest piece length: 2^14 bytes (16 KiB), which clients request at once. */
export const MIN_PIECE_POW2 = 14

/** Largest piece length: 2^30 bytes (1 GiB). */
export const MAX_PIECE_POW2 = 30

/**
 * Whether a piece length is a power of two from 16 KiB to 1 GiB. BEP 52 has no upper limit, but
 * clients have. Padding can be as long as a piece, so without a limit a program could be busy
 * forever.
 */
export function isPieceLength(length: number): length is PieceLength {
  const pow2 = Math.log2(length)
  return Number.isInteger(pow2) && pow2 >= MIN_PIECE_POW2 && pow2 <= MAX_PIECE_POW2
}

/** Returns the piece length of 2^`pow2` bytes. */
export function pieceLengthOf(pow2: number): PieceLength {
  return (2 ** pow2) as PieceLength
}

/** Halving the piece length may increase the number of pieces by at most this factor. */
const WORTH = 5 / 4

/** The bytes of each file. */
type Lengths = Iterable<number>

/**
 * Returns a suitable piece length in bytes for files that each begin a piece. If most files are
 * shorter than a piece, shorter pieces add few digests, and need fewer zeros between the files.
 */
export function alignedPieceLength(lengths: Lengths): PieceLength {
  let pow2 = automaticPow2(totalOf(lengths))
  let count = countAligned(lengths, 2 ** pow2)
  while (pow2 > MIN_PIECE_POW2) {
    const more = countAligned(lengths, 2 ** (pow2 - 1))
    if (more > WORTH * count) break
    pow2 -= 1
    count = more
  }
  return pieceLengthOf(pow2)
}

function countAligned(lengths: Lengths, pieceLength: number): number {
  let count = 0
  for (const length of lengths) count += Math.ceil(length / pieceLength)
  return count
}

function totalOf(lengths: Lengths): number {
  let total = 0
  for (const length of lengths) total += length
  return total
}

/** Returns a suitable piece length in bytes for content of `size` bytes. */
export function automaticPieceLength(size: number): PieceLength {
  return pieceLengthOf(automaticPow2(size))
}

function automaticPow2(size: number): number {
  // By index, because destructuring a row would create an iterator
  const row = BY_SIZE.find((each) => size > each[0])
  return row?.[1] ?? 15
}
