import { mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { osCodeOf } from '../errors.js'

/** What the place of the cache depends on. */
export interface CacheDirectorySources {
  /** `--cache-dir`. */
  readonly option: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
}

/**
 * The directory of the cache: the option's, else that of BTKIT_CACHE_DIR, else systemd's
 * CACHE_DIRECTORY, else the system's cache directory for root and the user's own for others (XDG
 * Base Directory Specification).
 */
export function cacheDirectory({ option, env, isRoot }: CacheDirectorySources): string {
  // systemd may name several, with colons between them
  const given = option ?? (env['BTKIT_CACHE_DIR'] || env['CACHE_DIRECTORY']?.split(':')[0])
  if (given) return given
  if (isRoot) return '/var/cache/btkit'
  const home = env['HOME'] || homedir()
  const base = env['XDG_CACHE_HOME'] || env['LOCALAPPDATA'] || join(home, '.cache')
  return join(base, 'btkit')
}

/**
 * Makes a directory with those above it that are missing; one that is there is left as it is. Throws
 * the system's error as it is.
 *
 * Node's own `recursive` tries for ever where the system says ENOENT below a directory that is
 * there, as it does below /proc.
 */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    if (osCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(dirname(path), mode)
    mkdirSync(path, { mode })
  }
}
