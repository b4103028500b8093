const MIB = 1024 * 1024

/** BitTornado's choice: content of more than `size` bytes gets pieces of 2^`pow2` bytes. */
const BY_SIZE: readonly (readonly [size: number, pow2: number])[] = [
  [8192 * MIB, 21],
  [2048 * MIB, 20],
  [512 * MIB, 19],
  [64 * MIB, 18],
  [16 * MIB, 17],
  [4 * MIB, 16],
]

/** Pieces have at least 2^14 bytes, 16 KiB: what clients ask each other for at once. */
export const MIN_PIECE_POW2 = 14

/** Pieces have at most 2^30 bytes, 1 GiB. */
export const MAX_PIECE_POW2 = 30

/** How many more pieces are worth it when they are half as long: a quarter. */
const WORTH = 5 / 4

/**
 * The piece length, in bytes, that suits files of those lengths which each begin a piece. Where most
 * files are shorter than a piece, shorter ones cost no digests and save zeros between the files.
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

/** The piece length, in bytes, that suits content of `size` bytes. */
export function automaticPieceLength(size: number): number {
  // By index, as taking a row apart makes an iterator each time
  const row = BY_SIZE.find((each) => size > each[0])
  return 2 ** (row?.[1] ?? 15)
}
