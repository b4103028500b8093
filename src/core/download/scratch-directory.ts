import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { callSystem } from '../../errors.js'

/** The permission bits of a mode. */
const PERMISSIONS = 0o7777

/** A temporary directory. */
export interface ScratchDirectory {
  readonly localDirectory: string
  readonly remove: () => void
}

/**
 * Creates a directory inside `parent`, which is created if it is missing. It gets the permissions
 * of `parent`, because a client may run as another user.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeScratchDirectory(parent: string): ScratchDirectory {
  return callSystem(parent, () => {
    mkdirSync(parent, { recursive: true })
    const localDirectory = mkdtempSync(join(parent, '.btkit-'))
    chmodSync(localDirectory, statSync(parent).mode & PERMISSIONS)
    const remove = () => {
      rmSync(localDirectory, { recursive: true, force: true, maxRetries: 3 })
    }
    return { localDirectory, remove }
  })
}
