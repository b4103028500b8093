import { homedir } from 'node:os'
import { join } from 'node:path'

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
