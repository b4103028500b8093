import { mkdirSync, renameSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { asBtkitError, BtkitError, callSystem, osCodeOf } from '../../errors.js'
import { syncDirectory } from '../../files/write/sync-directory.js'
import { isTaken } from './places.js'

/**
 * Moves a file or directory to a free name in the same file system, by one system call. The caller
 * lets no other move run meanwhile.
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io`
 */
export async function moveEntry(from: string, to: string): Promise<void> {
  const name = basename(to)
  if (isTaken(to)) throw new BtkitError('exists', `${name}: is there already; it is not replaced`)
  try {
    renameSync(from, to)
  } catch (error) {
    if (osCodeOf(error) === 'EXDEV')
      throw new BtkitError('io', `${name}: the other directory is on another disk; move it by hand`)
    throw asBtkitError(error, name)
  }
  for (const directory of new Set([dirname(to), dirname(from)])) await syncDirectory(directory)
}

/**
 * Creates a directory and its missing parents.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeDirectories(path: string, mode?: number): void {
  callSystem(path, () => {
    mkdirSync(path, { recursive: true, mode })
  })
}
