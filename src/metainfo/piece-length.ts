const MIB = 1024 * 1024

/** Above each size, in bytes, the power of two that BitTornado chose. */
const BY_SIZE: readonly (readonly [size: number, pow2: number])[] = [
  [8192 * MIB, 21],
  [2048 * MIB, 20],
  [512 * MIB, 19],
  [64 * MIB, 18],
  [16 * MIB, 17],
  [4 * MIB, 16],
]

/** The powers of two that a piece length may have: 16 KiB, a client's request, to 1 GiB. */
export const MIN_PIECE_POW2 = 14
export const MAX_PIECE_POW2 = 30

/** The piece length, in bytes, that suits content of `size` bytes. */
export function automaticPieceLength(size: number): number {
  const row = BY_SIZE.find(([above]) => size > above)
  return 2 ** (row?.[1] ?? 15)
}
