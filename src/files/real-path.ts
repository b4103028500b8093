import { realpathSync } from 'node:fs'
import { asBtkitError, osCodeOf } from '../errors.js'

/**
 * The path with all symbolic links resolved, or null when nothing is there.
 * @throws BtkitError `not-permitted` or `io`
 */
export function realPath(path: string): string | null {
  try {
    return realpathSync.native(path)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return null
    throw asBtkitError(error, path)
  }
}
