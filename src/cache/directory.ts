import { mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { osCodeOf } from '../errors.js'

/** The sources of the cache directory's path. */
export interface CacheDirectorySources {
  /** `--cache-dir`. */
  readonly option: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
}

/**
 * Returns the directory of the cache. The first of these counts: the option, BTKIT_CACHE_DIR,
 * systemd's CACHE_DIRECTORY, the default. The default is /var/cache/btkit for root and the user's
 * own cache directory for others (XDG Base Directory Specification).
 */
export function cacheDirectory({ option, env, isRoot }: CacheDirectorySources): string {
  // systemd may name several, separated by colons
  const given = option ?? (env['BTKIT_CACHE_DIR'] || env['CACHE_DIRECTORY']?.split(':')[0])
  if (given) return given
  if (isRoot) return '/var/cache/btkit'
  const home = env['HOME'] || homedir()
  const base = env['XDG_CACHE_HOME'] || env['LOCALAPPDATA'] || join(home, '.cache')
  return join(base, 'btkit')
}

/**
 * Creates a directory and its missing parents. An existing directory is left unchanged. Throws
 * system errors unchanged.
 *
 * Node's own `recursive` never returns if the system reports ENOENT below an existing directory, as
 * it does below /proc.
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
