import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/digests/content.js'
import {
  countUnknown,
  countUnknownPieces,
  type PieceTable,
} from '../../core/digests/piece-table.js'

/** Bytes of memory for digests of abandoned torrents. */
const MEMORY = 8 * 1024 * 1024

/** Digests of abandoned torrents, by the inputs of their infos. */
export class UnfinishedTables {
  readonly #tables = new LRUCache<string, PieceTable>({
    maxSize: MEMORY,
    sizeCalculation: sizeOfTable,
  })

  /** The kept table of a torrent or the given one, whichever has fewer unknown pieces. */
  orBetter(input: Uint8Array, table: PieceTable): PieceTable {
    const kept = this.#tables.get(keyOf(input))
    return kept && countUnknownPieces(kept) < countUnknownPieces(table) ? kept : table
  }

  keep(input: Uint8Array, table: PieceTable): void {
    this.#tables.set(keyOf(input), table)
  }

  forget(input: Uint8Array): void {
    this.#tables.delete(keyOf(input))
  }
}

function keyOf(input: Uint8Array): string {
  return Buffer.from(input).toString('hex')
}

/** Bytes of memory that a table takes. */
function sizeOfTable({ digests, isKnown, trees }: PieceTable): number {
  let size = digests.length + isKnown.length
  if (trees === null) return size
  size += trees.roots.length + trees.isKnown.length
  for (const layer of trees.layers.values()) size += layer.length
  return size
}

/** Bytes to read for pieces whose digests are unknown. */
export function bytesLeft(content: Content, table: PieceTable): number {
  if (content.version !== 'v1') return countUnknown(content, table)
  // Pieces of v1 follow each other without padding; only the last may be short
  const { pieceLength, pieceCount, size } = content
  const pieces = countUnknownPieces(table)
  const short = table.isKnown.at(-1) === 0 ? pieceCount * pieceLength - size : 0
  return pieces * pieceLength - short
}
