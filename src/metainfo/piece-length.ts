const MIB = 1024 * 1024
const GIB = 1024 * MIB

/**
 * Content of more than `size` bytes gets pieces of 2^`pow2` bytes. Up to 128 GiB this is BitTornado's
 * table, which ends there. The longer pieces keep a torrent below the 10 MB that libtorrent accepts.
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

/** Halving the piece length may increase the number of pieces by at most this factor. */
const WORTH = 5 / 4

/** Returns a suitable piece length in bytes for files; `isAligned` if each begins a piece. */
export function suitedPieceLength(lengths: readonly number[], isAligned = false): number {
  return isAligned
    ? alignedPieceLength(lengths)
    : automaticPieceLength(lengths.reduce((sum, length) => sum + length, 0))
}

/**
 * Returns a suitable piece length in bytes for files that each begin a piece. If most files are
 * shorter than a piece, shorter pieces add few digests, and need fewer zeros between the files.
 */
export function alignedPieceLength(lengths: readonly number[]): number {
  let pieceLength = automaticPieceLength(lengths.reduce((sum, length) => sum + length, 0))
  let count = countAligned(lengths, pieceLength)
  while (pieceLength > 2 ** MIN_PIECE_POW2) {
    const more = countAligned(lengths, pieceLength / 2)
    if (more > WORTH * count) break
    pieceLength /= 2
    count = more
  }
  return pieceLength
}

function countAligned(lengths: readonly number[], pieceLength: number): number {
  return lengths.reduce((sum, length) => sum + Math.ceil(length / pieceLength), 0)
}

/** Returns a suitable piece length in bytes for content of `size` bytes. */
export function automaticPieceLength(size: number): number {
  // By index, because destructuring a row would create an iterator
  const row = BY_SIZE.find((each) => size > each[0])
  return 2 ** (row?.[1] ?? 15)
}
