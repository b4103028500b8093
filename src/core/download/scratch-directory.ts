import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { asBtkitError } from '../../errors.js'

/** The bits of a mode that say who may do what. */
const PERMISSIONS = 0o7777

/** A directory that is there for a while. */
export interface ScratchDirectory {
  readonly localDirectory: string
  readonly remove: () => void
}

/**
 * Makes a directory in another, which is made where it is missing. Whoever may write to that may write
 * to it, as a client may run as somebody else.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeScratchDirectory(parent: string): ScratchDirectory {
  try {
    mkdirSync(parent, { recursive: true })
    const localDirectory = mkdtempSync(join(parent, '.btkit-'))
    chmodSync(localDirectory, statSync(parent).mode & PERMISSIONS)
    const remove = () => {
      rmSync(localDirectory, { recursive: true, force: true, maxRetries: 3 })
    }
    return { localDirectory, remove }
  } catch (error) {
    throw asBtkitError(error, parent)
  }
}
