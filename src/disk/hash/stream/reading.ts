import { constants, fstatSync, openSync, readSync } from 'node:fs'
import { BtkitError, describeErrno, orClose, osCodeOf } from '../../../base/errors.js'
import { closeDone } from '../../../base/directories.js'
import { rawPath } from '../../../base/text/raw-path.js'
import { countFiles, countPieces, type ContentStream } from './content-stream.js'

/**
 * Flags to open a file that was examined before: refuse a symbolic link that took its place, and do
 * not wait for a pipe. Windows has neither flag.
 */
export const GUARDED_READ =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

/**
 * Opens a real path for reading if it still leads to the file with this device and inode.
 * @throws BtkitError `changed`; system errors unchanged
 */
export function openSameFile(path: string, identity: BigUint64Array): number {
  let descriptor: number
  try {
    descriptor = openSync(rawPath(path), GUARDED_READ)
  } catch (error) {
    // FreeBSD reports EMLINK for a link, other systems ELOOP
    const isLink = ['ELOOP', 'EMLINK'].includes(osCodeOf(error) ?? '')
    throw isLink ? wasReplaced(path, error) : error
  }
  return orClose(closeDone.bind(null, descriptor), () => {
    const stats = fstatSync(descriptor, { bigint: true })
    const [device, inode] = BigUint64Array.of(stats.dev, stats.ino)
    const isSame = device === identity[0] && inode === identity[1]
    // A pipe may have got the inode number of the file that it replaced
    if (isSame && stats.isFile()) return descriptor
    throw wasReplaced(path)
  })
}

/**
 * Fills `target` with bytes of an open file from `at` on.
 * @throws BtkitError `changed` if the file ends before; system errors unchanged
 */
export function readFully(target: Uint8Array, descriptor: number, at: number, path: string): void {
  for (let filled = 0; filled < target.length;) {
    const count = readSync(descriptor, target, filled, target.length - filled, at + filled)
    if (count === 0) throw becameShorter(path)
    filled += count
  }
}

/** The error for a file that ends before its expected length. */
export function becameShorter(path: string): BtkitError {
  return new BtkitError('changed', `${path}: became shorter while it was read`)
}

/** The error for a path that leads to another file now. */
export function wasReplaced(path: string, cause?: unknown): BtkitError {
  return new BtkitError('changed', `${path}: was replaced while it was read`, { cause })
}

/** The error for a file that must not be open for writing. */
export function isWritten(path: string): BtkitError {
  return new BtkitError('changed', `${path}: a program has it open for writing`)
}

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
    reasons: new Int32Array(new SharedArrayBuffer(4 * countFiles(stream))),
  }
}

/**
 * Records a failed read, by the numbers of file and piece. Errors that do not come from the file
 * are thrown.
 */
export function noteReadFailure(
  { pieces, reasons }: ReadFailures,
  file: number,
  piece: number,
  error: unknown,
): void {
  const isChange = error instanceof BtkitError && error.code === 'changed'
  if (!isChange && osCodeOf(error) === undefined) throw error
  pieces[piece] = 1
  reasons[file] = isChange ? CHANGED : ((error as NodeJS.ErrnoException).errno ?? CHANGED)
}

/** Returns the unreadable files of a stream by number, and why they are. */
export function listUnreadable({ reasons }: ReadFailures) {
  const unreadable = new Map<number, { status: 'changed' | 'unreadable'; reason: string }>()
  reasons.forEach((code, file) => {
    if (code === 0) return
    const status = code === CHANGED ? 'changed' : 'unreadable'
    const reason = code === CHANGED ? 'changed while it was read' : describeErrno(code)
    unreadable.set(file, { status, reason })
  })
  return unreadable
}
