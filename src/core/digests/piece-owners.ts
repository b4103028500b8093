import { ownPieces, type FileEnd, type FileKey } from '../../cache/records/bodies.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Content } from './content.js'
import { isPad } from './pad-files.js'

/** A file and the pieces of a stream that only contain its bytes. */
export interface PieceOwner {
  readonly file: ScannedFile
  readonly key: FileKey
  /** The first piece that is completely inside the file; `whole` consecutive pieces are. */
  readonly first: number
  readonly whole: number
  /**
   * The form of the next piece if it contains no other file's bytes: the short last piece of the
   * stream, or one that a pad file fills; else null.
   */
  readonly end: FileEnd | null
}

/** Yields the files that have pieces of their own, in stream order. */
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

/** The end of a file inside a piece, and what follows it. */
interface Ending {
  readonly tailLength: number
  readonly isLast: boolean
  readonly next: ScannedFile | undefined
  readonly pieceLength: number
}

/** A range of a file in a piece, in bytes from the file's start. */
interface PieceSpan {
  readonly file: ScannedFile
  readonly from: number
  readonly to: number
}

/** A piece that spans several files. */
export interface SharedPiece {
  readonly piece: number
  readonly spans: readonly PieceSpan[]
}

/** Yields the pieces that span several files, in stream order. */
export function* sharedPieces({ files, pieceLength }: Content): Generator<SharedPiece> {
  if (files.length === 1) return
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

/** Whether a full piece has bytes of several files, except pad files. */
function isShared(spans: readonly PieceSpan[]): boolean {
  return spans.length > 2 || (spans[1] !== undefined && !isPad(spans[1].file))
}
