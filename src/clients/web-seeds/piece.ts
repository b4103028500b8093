import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { planV2Side, streamedFiles, whyNoV2Side, type V2Side } from '../../core/verify/v2-side.js'

/** The bytes of a file in a piece. */
export interface PiecePart {
  readonly file: MetainfoFile
  /** Offset in the file in bytes. */
  readonly start: number
  readonly end: number
}

/** A piece and its expected digests. */
export interface Piece {
  readonly index: number
  /** Parts with at least one byte, including padding. */
  readonly parts: readonly PiecePart[]
  /** SHA-1 of version 1; null if the torrent has no version 1. */
  readonly sha1: Uint8Array | null
  /**
   * Merkle node of version 2; null if the torrent has no version 2, or the piece has none of its
   * bytes.
   */
  readonly merkle: PieceNode | null
}

/** The node of a file's Merkle tree for a piece (BEP 52). */
export interface PieceNode {
  /** 32 bytes. */
  readonly digest: Uint8Array
  /** Levels between the blocks and this node. */
  readonly levels: number
}

/** Maximum number of draws to find a suitable piece. */
const DRAWS = 50

/** Maximum number of files in a piece, because each is a request. */
const MOST_PARTS = 16

/** Largest requested piece in bytes. */
export const LONGEST_PIECE = 64 * 1024 * 1024

const [SHA1, SHA256] = [20, 32]

/** Draws random pieces of a torrent. */
export class PieceDraw {
  readonly #metainfo: Metainfo
  readonly #files: readonly MetainfoFile[]
  readonly #v2: V2Side | null
  readonly #random: () => number

  /** `random` returns a number from 0 (included) to 1 (excluded). */
  constructor(metainfo: Metainfo, random: () => number) {
    this.#metainfo = metainfo
    this.#files = streamedFiles(metainfo)
    this.#v2 = whyNoV2Side(metainfo) === null ? planV2Side(metainfo) : null
    this.#random = random
  }

  /** Draws a piece that can be requested with few requests; null if none was found. */
  next(): Piece | null {
    const { pieceLength } = this.#metainfo
    const size = this.#files.reduce((sum, { length }) => sum + length, 0)
    if (pieceLength > LONGEST_PIECE) return null
    for (let draw = 0; draw < DRAWS && size > 0; draw++) {
      const piece = this.#at(Math.floor((this.#random() * size) / pieceLength))
      const real = piece.parts.filter(({ file }) => !file.padding)
      if (real.length > 0 && real.length <= MOST_PARTS && (piece.sha1 ?? piece.merkle)) return piece
    }
    return null
  }

  #at(index: number): Piece {
    const { pieces } = this.#metainfo
    const sha1 = pieces && pieces.subarray(index * SHA1, (index + 1) * SHA1)
    const hasNode = (this.#v2?.blockCounts[index] ?? 0) > 0
    const merkle = this.#v2 && hasNode ? nodeOf(this.#v2, index) : null
    return { index, parts: this.#partsOf(index), sha1, merkle }
  }

  #partsOf(index: number): PiecePart[] {
    const from = index * this.#metainfo.pieceLength
    const to = from + this.#metainfo.pieceLength
    let offset = 0
    return this.#files.flatMap((file) => {
      const [start, end] = [Math.max(from - offset, 0), Math.min(to - offset, file.length)]
      offset += file.length
      return start < end ? [{ file, start, end }] : []
    })
  }
}

function nodeOf({ digests, levels }: V2Side, index: number): PieceNode {
  const digest = digests.subarray(index * SHA256, (index + 1) * SHA256)
  return { digest, levels: levels[index] ?? 0 }
}

/** Returns the total bytes of all parts. */
export function pieceSize({ parts }: Piece): number {
  return parts.reduce((sum, { start, end }) => sum + end - start, 0)
}
