import { Buffer } from 'node:buffer'
import { accessSync, constants, statSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import { encodeFingerprint, fingerprintOf, readFingerprint } from '../fingerprint.js'
import type { Owner } from './draft.js'

/** What a file that replaces another takes over from it, and what the other is known again by. */
export interface Editable {
  /** Permission bits. */
  readonly mode: number
  readonly owner: Owner
  /** Encoded, and taken before the file was read. */
  readonly fingerprint: Uint8Array
}

/** Those of a mode that files take over. */
export const PERMISSION_BITS = 0o777

/**
 * Makes sure that there is a regular file, links followed, before it is opened: a pipe would have us
 * wait for a writer.
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
 * Makes sure that a file's permissions let it be changed. Those of its directory are enough to
 * replace it, but whoever made it read-only meant that it must not change.
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
 * Makes sure that a file, links followed, is still as it was when it was read: what replaces it was
 * made of that, and would undo what somebody else did meanwhile.
 * @throws BtkitError `changed`
 */
export function checkUnchanged(path: string, { fingerprint }: Editable): void {
  if (isEqual(currentFingerprint(path), fingerprint)) return
  throw new BtkitError('changed', `${path}: changed while it was edited, so it is left`)
}

function currentFingerprint(path: string): Uint8Array | null {
  try {
    return encodeFingerprint(readFingerprint(path))
  } catch {
    return null
  }
}

function isEqual(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && Buffer.compare(a, b) === 0
}
