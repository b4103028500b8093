import { accessSync, constants, statSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import type { Owner } from './draft.js'

/** What a file that replaces another takes over from it. */
export interface Editable {
  /** Permission bits. */
  readonly mode: number
  readonly owner: Owner
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
    const stats = statSync(path)
    if (stats.isDirectory()) throw new BtkitError('io', `${path}: is a directory`)
    if (!stats.isFile()) throw new BtkitError('io', `${path}: not a regular file`)
    return { mode: stats.mode & PERMISSION_BITS, owner: { uid: stats.uid, gid: stats.gid } }
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
