import type { CutFiles } from './content.js'
import { alignedFiles, createTrees, rootOf, setTree, type FileTrees } from './file-trees.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'

/** The digests of content that a torrent of its version needs. */
export interface ContentDigests {
  /** SHA-1 of the pieces, 20 bytes each, in order; empty for v2. */
  readonly digests: Uint8Array
  /** Null for v1. */
  readonly trees: FileTrees | null
}

/** The digests that are known so far. */
export interface PieceTable extends ContentDigests {
  /** 1 for each piece that need not be read. */
  readonly isKnown: Uint8Array
  /** The keys in the cache of pieces that span several files, as far as they were computed. */
  readonly sharedKeys: Map<number, Uint8Array>
  /** The numbers of files of which the cache has the start. */
  readonly begun: Set<number>
}

/** Creates a table without known digests. */
export function createTable(
  content: Pick<CutFiles, 'version' | 'files' | 'pieceCount'>,
): PieceTable {
  const { version, pieceCount } = content
  return {
    digests: new Uint8Array(version === 'v2' ? 0 : pieceCount * SHA1),
    trees: createTrees(content),
    isKnown: new Uint8Array(pieceCount),
    sharedKeys: new Map(),
    begun: new Set(),
  }
}

/** Sets the SHA-1 digests of consecutive pieces. */
export function setPieces(table: PieceTable, first: number, digests: Uint8Array): void {
  table.digests.set(digests, first * SHA1)
  table.isKnown.fill(1, first, first + digests.length / SHA1)
}

/**
 * Marks pieces without known nodes as unknown, because their blocks must be read. For v2, marks all
 * others as known.
 */
export function heedTrees(content: CutFiles, trees: FileTrees, isKnown: Uint8Array): void {
  for (const { number, firstPiece, pieceCount } of alignedFiles(content)) {
    const isTreeKnown = trees.isKnown[number] === 1
    const count = isTreeKnown ? pieceCount : countBegun(trees, number)
    if (content.version === 'v2') isKnown.fill(1, firstPiece, firstPiece + count)
    isKnown.fill(0, firstPiece + count, firstPiece + pieceCount)
  }
}

/** The number of first pieces of a begun file whose nodes are known. */
function countBegun({ layers }: FileTrees, number: number): number {
  return (layers.get(number)?.length ?? 0) / SHA256
}

/** Adds the digests that another table of the same content has. */
export function mergeTable(content: CutFiles, table: PieceTable, other: PieceTable): void {
  for (const { number } of table.trees && other.trees ? alignedFiles(content) : []) {
    if (!table.trees || !other.trees || table.trees.isKnown[number]) continue
    const layer = other.trees.layers.get(number) ?? null
    const begun = other.trees.begun.get(number)
    if (other.trees.isKnown[number])
      setTree(table.trees, number, { root: rootOf(other.trees, number), layer })
    else if (begun && layer && countBegun(other.trees, number) > countBegun(table.trees, number)) {
      table.trees.layers.set(number, layer)
      table.trees.begun.set(number, begun)
    }
  }
  for (let piece = 0; piece < table.isKnown.length; piece++) {
    if (table.isKnown[piece] === 1 || other.isKnown[piece] === 0) continue
    if (content.version === 'v2') table.isKnown[piece] = 1
    else setPieces(table, piece, getPieces(other, piece, 1))
  }
}

/** Returns the digests of `count` pieces from `first` on, known or not. */
export function getPieces({ digests }: PieceTable, first: number, count: number): Uint8Array {
  return digests.subarray(first * SHA1, (first + count) * SHA1)
}

/** Returns the indices of the pieces to read, in ascending order. */
export function unknownPieces({ isKnown }: PieceTable): Uint32Array {
  const indices = new Uint32Array(isKnown.length)
  let count = 0
  // A loop, because a callback for each of millions of pieces takes a hundred times as long
  for (let piece = 0; piece < isKnown.length; piece++)
    if (isKnown[piece] === 0) indices[count++] = piece
  return indices.slice(0, count)
}

/**
 * Sets the SHA-1 digests of pieces by their ascending indices. There may be fewer digests than
 * indices.
 */
export function enterPieces(table: PieceTable, pieces: Uint32Array, digests: Uint8Array): void {
  const count = digests.length / SHA1
  for (let from = 0, to = 1; from < count; from = to++) {
    while (to < count && pieces[to] === (pieces[to - 1] ?? 0) + 1) to++
    setPieces(table, pieces[from] ?? 0, digests.subarray(from * SHA1, to * SHA1))
  }
}

/**
 * Returns the files that are needed for the pieces to read, and the bytes of files in these pieces.
 */
export function unreadOf(
  { files, pieceLength }: CutFiles,
  { isKnown }: PieceTable,
): { readonly files: FileColumns; readonly bytes: number } {
  const { offsets } = files
  let bytes = 0
  const unread = files.filter((i) => {
    if (!files.isRead(i)) return false
    const [start = 0, end = 0] = [offsets[i], offsets[i + 1]]
    let isUnread = false
    for (let piece = Math.floor(start / pieceLength); piece * pieceLength < end; piece++) {
      if (isKnown[piece] !== 0) continue
      isUnread = true
      bytes += Math.min(end, (piece + 1) * pieceLength) - Math.max(start, piece * pieceLength)
    }
    return isUnread
  })
  return { files: unread, bytes }
}
