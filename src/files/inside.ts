import { sep } from 'node:path'
import { osCodeOf, asBtkitError } from '../errors.js'
import { realpathSync } from 'node:fs'

/** Whether a name is a single path component on this system that leads downwards. */
export function isSafeComponent(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && !name.includes(sep)
}

/** Whether a real path equals `root` or is below it. */
export function isWithin(real: string, root: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)
}

/** Error codes for a path that does not exist. A name that is too long cannot exist. */
const MISSING: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']

/** Describes an error for a path that does not exist; null for all other errors. */
export function absenceOf(error: unknown): 'missing' | 'link loop' | null {
  const code = osCodeOf(error)
  if (MISSING.includes(code)) return 'missing'
  return code === 'ELOOP' ? 'link loop' : null
}

/**
 * Joins a name to a directory whose path is normalized, such as a real path. Takes a tenth of the
 * time of path.join, which parses both.
 */
export function childPath(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name
}

/**
 * Resolves all symbolic links in a path. Returns null if the path does not exist.
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
