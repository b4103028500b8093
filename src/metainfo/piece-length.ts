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

/** The piece length, in bytes, that suits content of `size` bytes. */
export function automaticPieceLength(size: number): number {
  const row = BY_SIZE.find(([above]) => size > above)
  return 2 ** (row?.[1] ?? 15)
}
