import { BtkitError, describeErrno, osCodeOf } from '../../errors.js'
import { countPieces, type ContentStream } from './content-stream.js'

/** The parts of a stream that could not be read, in memory that all its threads share. */
export interface ReadFailures {
  /** 1 for each piece with unreadable bytes. */
  readonly pieces: Uint8Array
  /**
   * For each file of the stream, why it could not be read: an errno, or CHANGED. 0 if it could be
   * read.
   */
  readonly reasons: Int32Array
}

/** In place of an errno (which is negative): the file has changed. */
const CHANGED = 1

/** Allocates memory for the read failures of a stream. */
export function createReadFailures(stream: ContentStream): ReadFailures {
  return {
    pieces: new Uint8Array(new SharedArrayBuffer(countPieces(stream))),
    reasons: new Int32Array(new SharedArrayBuffer(4 * stream.paths.length)),
  }
}

/** The position of a failed read: indices of the file and the piece. */
export interface FailedRead {
  readonly file: number
  readonly piece: number
}

/** Records a failed read. Errors that do not come from the file are thrown. */
export function noteReadFailure(
  { pieces, reasons }: ReadFailures,
  { file, piece }: FailedRead,
  error: unknown,
): void {
  const isChange = error instanceof BtkitError && error.code === 'changed'
  if (!isChange && osCodeOf(error) === undefined) throw error
  pieces[piece] = 1
  reasons[file] = isChange ? CHANGED : ((error as NodeJS.ErrnoException).errno ?? CHANGED)
}

/** Returns the unreadable files by path, with the reason in words. */
export function listUnreadable(
  { reasons }: ReadFailures,
  { paths }: ContentStream,
): Map<string, string> {
  const unreadable = new Map<string, string>()
  reasons.forEach((reason, file) => {
    const words = reason === CHANGED ? 'changed while it was read' : describeErrno(reason)
    if (reason !== 0) unreadable.set(paths[file] ?? '', words)
  })
  return unreadable
}
