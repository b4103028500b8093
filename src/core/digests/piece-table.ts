import type { Content } from './content.js'

/** Bytes of a SHA-1 digest. */
export const DIGEST = 20

/** The digests of a content's pieces, as far as they are known. */
export interface PieceTable {
  /** 20 bytes a piece, in order. */
  readonly digests: Uint8Array
  /** 1 for each piece whose digest is known. */
  readonly isKnown: Uint8Array
}

/** A table in which no digest is known. */
export function createTable({ pieceCount }: Pick<Content, 'pieceCount'>): PieceTable {
  return { digests: new Uint8Array(pieceCount * DIGEST), isKnown: new Uint8Array(pieceCount) }
}

/** Enters the digests of pieces that follow each other. */
export function setPieces(table: PieceTable, first: number, digests: Uint8Array): void {
  table.digests.set(digests, first * DIGEST)
  table.isKnown.fill(1, first, first + digests.length / DIGEST)
}

/** The digests of `count` pieces from `first` on, known or not. */
export function getPieces({ digests }: PieceTable, first: number, count: number): Uint8Array {
  return digests.subarray(first * DIGEST, (first + count) * DIGEST)
}

/** The indices of the pieces whose digests are unknown, in order. */
export function unknownPieces({ isKnown }: PieceTable): Uint32Array {
  const indices = new Uint32Array(isKnown.length)
  let count = 0
  isKnown.forEach((known, piece) => {
    if (known === 0) indices[count++] = piece
  })
  return indices.subarray(0, count)
}
