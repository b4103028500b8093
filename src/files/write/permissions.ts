import { chmodSync, chownSync, statSync } from 'node:fs'
import { asBtkitError } from '../../errors.js'
import type { WriteOptions } from './atomically.js'

/** The permissions that a file is to have; those that are not given are as they are. */
export type Permissions = Pick<WriteOptions, 'mode' | 'owner'>

const PERMISSION_BITS = 0o777

/**
 * Whether a file has the permissions that it is to have; links are followed.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function hasPermissions(path: string, { mode, owner }: Permissions): boolean {
  if (mode === undefined && owner === undefined) return true
  try {
    const stats = statSync(path)
    const isOwned = !owner || (stats.uid === owner.uid && stats.gid === owner.gid)
    return isOwned && (mode === undefined || (stats.mode & PERMISSION_BITS) === mode)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

/**
 * Gives a file the permissions that it is to have; links are followed.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function setPermissions(path: string, { mode, owner }: Permissions): void {
  try {
    if (owner) chownSync(path, owner.uid, owner.gid)
    if (mode !== undefined) chmodSync(path, mode)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}
