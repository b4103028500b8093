import { accessSync, constants, statSync } from 'node:fs'
import { asBtkitError, BtkitError, callSystem, valueOr } from '../../base/errors.js'
import { encodeFingerprint, fingerprintOf, readFingerprint } from '../file-lists/fingerprint.js'
import { copiedMode } from './target.js'
import { isSameBytes } from '../../base/bytes.js'

/** A file to be edited. */
export interface Editable {
  /** The permission bits of a copy. */
  readonly mode: number
  /** Encoded fingerprint from before the file was read. */
  readonly fingerprint: Uint8Array
}

/**
 * Checks that a path leads to a regular file before it is opened, because opening a pipe would wait
 * for a writer. Links are followed.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function checkEditable(path: string): Editable {
  try {
    const stats = statSync(path, { bigint: true })
    if (stats.isDirectory()) throw new BtkitError('io', `${path}: is a directory`)
    if (!stats.isFile()) throw new BtkitError('io', `${path}: not a regular file`)
    return {
      mode: copiedMode(path, Number(stats.mode)),
      fingerprint: encodeFingerprint(fingerprintOf(stats)),
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Checks that a file's permissions allow changes. Replacing it needs only permission for the
 * directory, but a read-only file is not meant to change.
 * @throws BtkitError `not-permitted` or `io`
 */
export function checkWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Checks that a file is still as it was when it was read; follows links. Otherwise its replacement
 * would undo the changes of another program.
 * @throws BtkitError `changed`
 */
export function checkUnchanged(path: string, { fingerprint }: Editable): void {
  const read = () => callSystem(path, () => encodeFingerprint(readFingerprint(path)))
  if (isSameBytes(valueOr(null, read), fingerprint)) return
  throw new BtkitError(
    'changed',
    `${path}: changed while it was edited, so it is not replaced; try again`,
  )
}
