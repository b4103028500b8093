import { ownPieces, type FileEnd, type FileKey } from '../../cache/records/file.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Content } from './content.js'
import { isPad } from './pad-files.js'

/** A file and the pieces of a stream that need no byte of any other. */
export interface PieceOwner {
  readonly file: ScannedFile
  readonly key: FileKey
  /** The first piece that lies wholly inside the file; `whole` of them follow each other. */
  readonly first: number
  readonly whole: number
  /**
   * What the piece after those is, when it holds nothing of any other file: the short one that ends
   * the stream, or one that a pad file fills up; else null.
   */
  readonly end: FileEnd | null
}

/** The files that have pieces of their own, in stream order. */
export function* pieceOwners({ files, pieceLength, size }: Content): Generator<PieceOwner> {
  let offset = 0
  const filled = files.filter((file) => file.fingerprint.size > 0)
  for (const [i, file] of filled.entries()) {
    const length = file.fingerprint.size
    const phase = offset % pieceLength
    const key = { path: file.absolutePath, pieceLength, phase, size: length }
    const { lead, whole, tailLength } = ownPieces(key)
    offset += length
    if (isPad(file)) continue
    const first = (offset - length + lead) / pieceLength
    const end = endOf({ tailLength, isLast: offset === size, next: filled[i + 1], pieceLength })
    if (whole > 0 || end) yield { file, key, first, whole, end }
  }
}

function endOf({ tailLength, isLast, next, pieceLength }: Ending): FileEnd | null {
  if (tailLength === 0) return null
  if (isLast) return 'tail'
  const isFilled = next && isPad(next) && next.fingerprint.size >= pieceLength - tailLength
  return isFilled ? 'paddedTail' : null
}

/** How a file that ends inside a piece is followed. */
interface Ending {
  readonly tailLength: number
  readonly isLast: boolean
  readonly next: ScannedFile | undefined
  readonly pieceLength: number
}

/** A stretch of a file that is part of a piece, in bytes from the file's beginning. */
export interface PieceSpan {
  readonly file: ScannedFile
  readonly from: number
  readonly to: number
}

/** A piece that runs through several files. */
export interface SharedPiece {
  readonly piece: number
  readonly spans: readonly PieceSpan[]
}

/** The pieces that no file owns, because they run through several, in stream order. */
export function* sharedPieces({ files, pieceLength }: Content): Generator<SharedPiece> {
  let spans: PieceSpan[] = []
  let offset = 0
  for (const file of files) {
    const end = offset + file.fingerprint.size
    for (let at = offset; at < end;) {
      const piece = Math.floor(at / pieceLength)
      const to = Math.min(end, (piece + 1) * pieceLength)
      spans.push({ file, from: at - offset, to: to - offset })
      at = to
      if (to % pieceLength !== 0) break
      if (isShared(spans)) yield { piece, spans }
      spans = []
    }
    offset = end
  }
  if (spans.length > 1) yield { piece: Math.floor((offset - 1) / pieceLength), spans }
}

/** Whether a whole piece holds bytes of several files, pad files left aside. */
function isShared(spans: readonly PieceSpan[]): boolean {
  return spans.length > 2 || (spans[1] !== undefined && !isPad(spans[1].file))
}
