import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { planV2Side, streamedFiles, whyNoV2Side, type V2Side } from '../../core/verify/v2-side.js'

/** Bytes of a file that lie in a piece. */
export interface PiecePart {
  readonly file: MetainfoFile
  /** In the file. */
  readonly start: number
  readonly end: number
}

/** A piece, and what its bytes must come to. */
export interface Piece {
  readonly index: number
  /** Without those of no bytes, with padding. */
  readonly parts: readonly PiecePart[]
  /** SHA-1 by version 1; null when the torrent has none. */
  readonly sha1: Uint8Array | null
  /** By version 2; null when the torrent has none, or the piece no bytes of it. */
  readonly merkle: PieceNode | null
}

/** The node of a file's Merkle tree that stands for a piece (BEP 52). */
export interface PieceNode {
  /** 32 bytes. */
  readonly digest: Uint8Array
  /** How far it is above the blocks. */
  readonly levels: number
}

/** Pieces are drawn so often until one is found that can be asked for. */
const DRAWS = 50

/** Files that a piece may span: each is a request. */
const MOST_PARTS = 16

/** Bytes of a piece that is asked for, at most. */
export const LONGEST_PIECE = 64 * 1024 * 1024

const [SHA1, SHA256] = [20, 32]

/** Draws pieces of a torrent. */
export class PieceDraw {
  readonly #metainfo: Metainfo
  readonly #files: readonly MetainfoFile[]
  readonly #v2: V2Side | null
  readonly #random: () => number

  /** `random` gives a number from 0 up to 1, without 1. */
  constructor(metainfo: Metainfo, random: () => number) {
    this.#metainfo = metainfo
    this.#files = streamedFiles(metainfo)
    this.#v2 = whyNoV2Side(metainfo) === null ? planV2Side(metainfo) : null
    this.#random = random
  }

  /** A piece at random, of those that some requests can ask for; null where none was found. */
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

/** Bytes of all parts together. */
export function pieceSize({ parts }: Piece): number {
  return parts.reduce((sum, { start, end }) => sum + end - start, 0)
}
