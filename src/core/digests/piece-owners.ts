import { ownPieces, type FileEnd, type FileKey } from '../../disk/cache/records/bodies.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import type { CutFiles } from './content.js'

/** A file and the pieces of a stream that only contain its bytes. */
export interface PieceOwner {
  /** Its number among the files of the content. */
  readonly number: number
  /** The file's length, and its offset in the stream modulo the piece length, in bytes. */
  readonly size: number
  readonly phase: number
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
export function* pieceOwners({ files, pieceLength, size: all }: CutFiles): Generator<PieceOwner> {
  const { offsets } = files
  for (let number = 0; number < files.length; number++) {
    const size = files.sizeAt(number)
    if (size === 0 || files.isPad(number)) continue
    const offset = offsets[number] ?? 0
    const phase = offset % pieceLength
    const { lead, whole, tailLength } = ownPieces({ pieceLength, phase, size })
    const last = tailLength === 0 ? null : offset + size === all ? 'tail' : 'paddedTail'
    const isOwn = last !== 'paddedTail' || isFilled(files, number, pieceLength - tailLength)
    if (whole === 0 && (last === null || !isOwn)) continue
    const first = (offset + lead) / pieceLength
    yield { number, size, phase, first, whole, end: isOwn ? last : null }
  }
}

/** Returns the key of a file's record in the cache. */
export function keyOfOwner(
  { files, pieceLength }: CutFiles,
  { number, size, phase }: PieceOwner,
): FileKey {
  return { path: files.absolutePathAt(number), pieceLength, phase, size }
}

/** Whether the next file with bytes is a pad file of at least so many. */
function isFilled(files: FileColumns, number: number, least: number): boolean {
  let next = number + 1
  while (next < files.length && files.sizeAt(next) === 0) next++
  return next < files.length && files.isPad(next) && files.sizeAt(next) >= least
}

/** A piece that spans several files. */
export interface SharedPiece {
  readonly piece: number
  /** The numbers of the first and the last file with bytes in it. */
  readonly first: number
  readonly last: number
  /** Where the piece begins in the first file, and where it ends in the last one, in bytes. */
  readonly from: number
  readonly to: number
}

/** Yields the pieces that span several files, in stream order. */
export function* sharedPieces({ files, pieceLength }: CutFiles): Generator<SharedPiece> {
  let [first, from, second, last, to] = [0, 0, 0, 0, 0]
  const { offsets } = files
  let count = 0
  for (let number = 0; number < files.length; number++) {
    const [offset = 0, end = 0] = [offsets[number], offsets[number + 1]]
    for (let at = offset; at < end;) {
      const piece = Math.floor(at / pieceLength)
      const next = Math.min(end, (piece + 1) * pieceLength)
      if (count === 0) [first, from] = [number, at - offset]
      if (count === 1) second = number
      count++
      ;[last, to] = [number, next - offset]
      at = next
      if (next % pieceLength !== 0) break
      // Padding does not share a piece
      if (count > 2 || (count === 2 && !files.isPad(second))) yield { piece, first, last, from, to }
      count = 0
    }
  }
  const piece = Math.floor((files.size - 1) / pieceLength)
  if (count > 1) yield { piece, first, last, from, to }
}
