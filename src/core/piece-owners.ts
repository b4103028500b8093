import { ownPieces, type FileKey } from '../cache/file-record.js'
import type { ScannedFile } from '../files/scanned-tree.js'
import type { Content } from './content.js'

/** A file and the pieces of a stream that need no byte of any other. */
export interface PieceOwner {
  readonly file: ScannedFile
  readonly key: FileKey
  /** The first piece that lies wholly inside the file; `whole` of them follow each other. */
  readonly first: number
  readonly whole: number
  /** The short piece that ends the stream, when it begins inside the file; else null. */
  readonly tail: number | null
}

/** The files that have pieces of their own, in stream order. */
export function* pieceOwners({ files, pieceLength, size }: Content): Generator<PieceOwner> {
  let offset = 0
  for (const file of files) {
    const length = file.fingerprint.size
    const phase = offset % pieceLength
    const key = { path: file.absolutePath, pieceLength, phase, size: length }
    const { lead, whole, tailLength } = ownPieces(key)
    const first = (offset + lead) / pieceLength
    const hasTail = tailLength > 0 && offset + length === size
    if (whole > 0 || hasTail)
      yield { file, key, first, whole, tail: hasTail ? first + whole : null }
    offset += length
  }
}

/** A stretch of a file that is part of a piece, in bytes from the file's beginning. */
export interface Span {
  readonly file: ScannedFile
  readonly from: number
  readonly to: number
}

/** A piece that runs through several files. */
export interface SharedPiece {
  readonly piece: number
  readonly spans: readonly Span[]
}

/** The pieces that run through several files, in stream order. */
export function* sharedPieces({ files, pieceLength }: Content): Generator<SharedPiece> {
  let spans: Span[] = []
  let offset = 0
  for (const file of files) {
    const end = offset + file.fingerprint.size
    for (let at = offset; at < end;) {
      const piece = Math.floor(at / pieceLength)
      const to = Math.min(end, (piece + 1) * pieceLength)
      spans.push({ file, from: at - offset, to: to - offset })
      at = to
      if (to % pieceLength !== 0) break
      if (spans.length > 1) yield { piece, spans }
      spans = []
    }
    offset = end
  }
  if (spans.length > 1) yield { piece: Math.floor((offset - 1) / pieceLength), spans }
}
