import { accessSync, constants, statSync } from 'node:fs'
import { asBtkitError, BtkitError, callSystem, valueOr } from '../../base/errors.js'
import { encodeFingerprint, fingerprintOf, readFingerprint } from '../file-lists/fingerprint.js'
import { actPath, shownPath, type FilePlace } from './directory.js'
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
export function checkEditable(place: FilePlace): Editable {
  const [path, shown] = [actPath(place), shownPath(place)]
  try {
    const stats = statSync(path, { bigint: true })
    if (stats.isDirectory()) throw new BtkitError('io', `${shown}: is a directory`)
    if (!stats.isFile()) throw new BtkitError('io', `${shown}: not a regular file`)
    return {
      mode: copiedMode(path, Number(stats.mode)),
      fingerprint: encodeFingerprint(fingerprintOf(stats)),
    }
  } catch (error) {
    throw asBtkitError(error, shown)
  }
}

/**
 * Checks that a file's permissions allow changes. Replacing it needs only permission for the
 * directory, but a read-only file is not meant to change.
 * @throws BtkitError `not-permitted` or `io`
 */
export function checkWritable(place: FilePlace): void {
  callSystem(shownPath(place), () => {
    accessSync(actPath(place), constants.W_OK)
  })
}

/**
 * Checks that a file is still as it was when it was read; follows links. Otherwise its replacement
 * would undo the changes of another program.
 * @throws BtkitError `changed`
 */
export function checkUnchanged(place: FilePlace, { fingerprint }: Editable): void {
  const shown = shownPath(place)
  const read = () => callSystem(shown, () => encodeFingerprint(readFingerprint(actPath(place))))
  if (isSameBytes(valueOr(null, read), fingerprint)) return
  throw new BtkitError(
    'changed',
    `${shown}: changed while it was edited, so it is not replaced; try again`,
  )
}
