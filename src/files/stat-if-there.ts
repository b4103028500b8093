import { statSync, type Stats } from 'node:fs'
import { asBtkitError, osCodeOf } from '../errors.js'

/**
 * What lies at a path, links followed, or null when nothing does.
 * @throws BtkitError `not-permitted` or `io`
 */
export function statIfThere(path: string): Stats | null {
  try {
    // Most are missing where new files are made, and an error takes ten times as long as a look
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    const code = osCodeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw asBtkitError(error, path)
  }
}
