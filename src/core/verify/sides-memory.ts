import type { HashKernel } from '../../hash/kernels/kernel.js'
import type { CacheAccess } from '../digests/cache-trust.js'
import type { Content } from '../digests/content.js'
import { alignedFiles, rootOf } from '../digests/file-trees.js'
import { ReadTrees } from '../digests/read-trees.js'
import { getPieces, setPieces, type PieceTable, unknownFiles } from '../digests/piece-table.js'
import { recallPieces, rememberPieces } from '../digests/recall-pieces.js'
import { rememberTrees } from '../digests/recall-trees.js'
import { findWriters } from '../digests/writers.js'
import { NODE } from './v2-side.js'

/** Digests of some pieces as read. */
export interface ReadPieces {
  /** The indices of the pieces in ascending order. */
  readonly selected: Uint32Array
  /** SHA-1 of the pieces, 20 bytes each; empty for v2. */
  readonly pieces: Uint8Array
  /** SHA-256 of their blocks, 32 bytes each. */
  readonly blocks: Uint8Array
}

/** The digests of a piece in the cache. */
export interface KnownPiece {
  readonly piece: number
  /** SHA-1; empty for v2. */
  readonly digest: Uint8Array
  /** Its node of the piece layer, or the root of a file that fits into it. */
  readonly node: Uint8Array
}

/** The knowledge of a trusted cache about complete content, and what to add to it. */
export class SidesMemory {
  readonly #content: Content
  readonly #table: PieceTable
  readonly #access: CacheAccess
  readonly #known: Uint8Array
  readonly #startedMs: number
  readonly #openForWriting: ReturnType<typeof findWriters>['openForWriting']
  readonly #readTrees: ReadTrees

  constructor(content: Content, access: CacheAccess, kernel: HashKernel) {
    this.#content = content
    this.#access = access
    this.#readTrees = new ReadTrees(content, kernel)
    this.#table = recallPieces(content, access)
    this.#known = knownPieces(content, this.#table)
    this.#startedMs = access.now()
    this.#openForWriting = findWriters(unknownFiles(content, this.#table)).openForWriting
  }

  /** Whether a piece need not be read. */
  isKnown(piece: number): boolean {
    return this.#known[piece] === 1
  }

  /** Yields the pieces that were known before anything was read. */
  *known(): Generator<KnownPiece> {
    const { trees } = this.#table
    for (const { number, firstPiece, pieceCount } of trees ? alignedFiles(this.#content) : []) {
      if (!trees?.isKnown[number]) continue
      const layer = trees.layers.get(number) ?? rootOf(trees, number)
      for (let i = 0; i < pieceCount; i++) {
        const piece = firstPiece + i
        if (!this.isKnown(piece)) continue
        const digest = getPieces(this.#table, piece, 1)
        yield { piece, digest, node: layer.subarray(i * NODE, (i + 1) * NODE) }
      }
    }
  }

  /** Enters the digests that were read. */
  enter({ selected, pieces, blocks }: ReadPieces): void {
    if (pieces.length > 0) {
      const { length } = getPieces(this.#table, 0, 1)
      selected.forEach((piece, i) => {
        setPieces(this.#table, piece, pieces.subarray(i * length, (i + 1) * length))
      })
    }
    this.#readTrees.take({ pieces: selected, blocks })
  }

  /** Stores the digests that were read in the cache. Call it only if no read failed. */
  keep(): void {
    const { trust } = this.#access
    const reading = { startedMs: this.#startedMs, openForWriting: this.#openForWriting, trust }
    const start = { ...this.#access, ...reading }
    if (this.#content.version !== 'v2') rememberPieces(this.#content, this.#table, start)
    rememberTrees(this.#readTrees.whole, start)
  }
}

/** Returns 1 for each piece of a file whose digests are all known. */
function knownPieces(content: Content, { trees, isKnown }: PieceTable): Uint8Array {
  const known = new Uint8Array(content.pieceCount)
  for (const { number, firstPiece, pieceCount } of alignedFiles(content)) {
    if (!trees?.isKnown[number]) continue
    known.set(isKnown.subarray(firstPiece, firstPiece + pieceCount), firstPiece)
  }
  return known
}
