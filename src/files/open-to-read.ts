import { constants, openSync } from 'node:fs'
import { osCodeOf } from '../errors.js'

/** Only Linux knows it. */
const NO_ATIME = (constants.O_NOATIME as number | undefined) ?? 0

/**
 * Opens a file for reading, where possible without a note of when that was: the note is a write, and
 * waits while the file system brings other writes to the disk. Throws the system's error as it is.
 */
export function openToRead(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | NO_ATIME)
  } catch (error) {
    // Only the owner of a file may leave out the note
    if (osCodeOf(error) !== 'EPERM') throw error
    return openSync(path, constants.O_RDONLY)
  }
}
