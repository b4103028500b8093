import { BtkitError, describeErrno, osCodeOf } from '../../errors.js'
import { countPieces, type ContentStream } from './content-stream.js'

/** What could not be read of a stream, in memory that all its threads share. */
export interface ReadFailures {
  /** 1 for each piece with bytes that could not be read. */
  readonly pieces: Uint8Array
  /** Why a file of the stream could not be read, as an errno; CHANGED, or 0 for one that could. */
  readonly reasons: Int32Array
}

/** In place of an errno, which is negative: the file is not what it was. */
const CHANGED = 1

/** Makes room to note what can't be read of a stream. */
export function createReadFailures(stream: ContentStream): ReadFailures {
  return {
    pieces: new Uint8Array(new SharedArrayBuffer(countPieces(stream))),
    reasons: new Int32Array(new SharedArrayBuffer(4 * stream.paths.length)),
  }
}

/** Where a read failed: the indices of the file and the piece. */
export interface FailedRead {
  readonly file: number
  readonly piece: number
}

/** Notes that bytes of a file that lie in a piece could not be read. Bugs of ours are thrown. */
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

/** The files that could not be read, by their paths, and why in words. */
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
