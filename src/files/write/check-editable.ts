import { isSameBytes } from '../../bytes.js'
import { accessSync, constants, statSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import { encodeFingerprint, fingerprintOf, readFingerprint } from '../fingerprint.js'
import type { Owner } from './draft.js'

/** The properties of a file that its replacement gets, and its fingerprint. */
export interface Editable {
  /** Permission bits. */
  readonly mode: number
  readonly owner: Owner
  /** Encoded fingerprint from before the file was read. */
  readonly fingerprint: Uint8Array
}

/** The bits of a mode that the replacement gets. */
export const PERMISSION_BITS = 0o777

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
      mode: Number(stats.mode) & PERMISSION_BITS,
      owner: { uid: Number(stats.uid), gid: Number(stats.gid) },
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
  if (isSameBytes(currentFingerprint(path), fingerprint)) return
  throw new BtkitError(
    'changed',
    `${path}: changed while it was edited, so it is not replaced; try again`,
  )
}

function currentFingerprint(path: string): Uint8Array | null {
  try {
    return encodeFingerprint(readFingerprint(path))
  } catch {
    return null
  }
}
