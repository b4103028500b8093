import { closeSync, existsSync, mkdirSync, statSync, unlinkSync } from 'node:fs'
import { constants, homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf, systemError, tryOr } from './errors.js'

/** The sources of a directory's path. */
export interface DirectorySources {
  /** `--cache-dir` or `--state-dir`. */
  readonly option: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
}

/** The names of directories' environment variables, and the defaults. */
const CACHE = {
  variables: ['BTKIT_CACHE_DIR', 'CACHE_DIRECTORY', 'XDG_CACHE_HOME'],
  ofRoot: '/var/cache/btkit',
  inHome: '.cache',
} as const
const STATE = {
  variables: ['BTKIT_STATE_DIR', 'STATE_DIRECTORY', 'XDG_STATE_HOME'],
  ofRoot: '/var/lib/btkit',
  inHome: join('.local', 'state'),
} as const

/**
 * Returns the directory of the cache. The first of these counts: the option, BTKIT_CACHE_DIR,
 * systemd's CACHE_DIRECTORY, the default. The default is /var/cache/btkit for root and the user's
 * own cache directory for others (XDG Base Directory Specification). Null without a home directory.
 */
export function cacheDirectory(sources: DirectorySources): string | null {
  return choose(CACHE, sources)
}

/**
 * The same; null also if the home directory does not exist, as for users that only run services.
 */
export function usableCacheDirectory(sources: DirectorySources): string | null {
  const directory = choose(CACHE, sources)
  const home = homeDirectory(sources.env)
  const isInHome = home !== null && directory === join(home, CACHE.inHome, 'btkit')
  return isInHome && !existsSync(home) ? null : directory
}

/**
 * Returns the directory for data that must not be lost. The first of these counts: the option,
 * BTKIT_STATE_DIR, systemd's STATE_DIRECTORY, the default. The default is /var/lib/btkit for root
 * and the user's own state directory for others (XDG Base Directory Specification).
 * @throws BtkitError `usage` without a home directory
 */
export function stateDirectory(sources: DirectorySources): string {
  const directory = choose(STATE, sources)
  if (directory !== null) return directory
  throw new BtkitError('usage', 'no home directory for the state; set --state-dir or HOME')
}

/**
 * Returns the directory of sockets: systemd's RUNTIME_DIRECTORY, /run/btkit for root, or the user's
 * own (XDG Base Directory Specification). Null if there is none.
 */
export function runtimeDirectory({ env, isRoot }: Omit<DirectorySources, 'option'>): string | null {
  const service = env['RUNTIME_DIRECTORY']?.split(':')[0]
  if (service) return service
  if (isRoot) return '/run/btkit'
  const ofUser = xdgDirectory(env, 'XDG_RUNTIME_DIR')
  return ofUser === null ? null : join(ofUser, 'btkit')
}

/** Most bytes of a socket's path; Node would listen at the beginning of a longer one. */
const LONGEST_SOCKET = 107

/**
 * Checks the path of a Unix socket to listen at.
 * @throws BtkitError `usage` if it is too long
 */
export function checkSocketPath(path: string): string {
  const length = Buffer.byteLength(path)
  if (length <= LONGEST_SOCKET) return path
  const why = `too long for a Unix socket (${length} bytes); use at most ${LONGEST_SOCKET}`
  throw new BtkitError('usage', `${path}: ${why}`)
}

/**
 * Returns an absolute directory that a variable of the XDG names; others are ignored, as it
 * demands.
 */
export function xdgDirectory(env: DirectorySources['env'], name: string): string | null {
  const path = env[name] ?? ''
  return isAbsolute(path) ? path : null
}

/**
 * Returns the user's home directory; null if HOME is not set and the system does not know the user,
 * as in a container with any user number.
 */
export function homeDirectory(env: DirectorySources['env']): string | null {
  return tryOr(null, () => env['HOME'] || homedir())
}

/** Whether a path begins with a home directory that a shell would have named. */
export const isUnexpanded = (path: string): boolean => /^~(\/|$)/.test(path)

/** Why such a path is refused. */
export const NO_SHELL = 'no shell puts your home directory in the place of ~ here'

function choose(
  { variables: [own, service, base], ofRoot, inHome }: typeof CACHE | typeof STATE,
  { option, env, isRoot }: DirectorySources,
): string | null {
  // systemd may name several, separated by colons
  const given = option ?? (env[own] || env[service]?.split(':')[0])
  if (given && isUnexpanded(given)) throw new BtkitError('usage', `${own} '${given}': ${NO_SHELL}`)
  if (given) return given
  if (isRoot) return ofRoot
  const ofUser = xdgDirectory(env, base) ?? env['LOCALAPPDATA']
  if (ofUser) return join(ofUser, 'btkit')
  const home = homeDirectory(env)
  return home === null ? null : join(home, inHome, 'btkit')
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
    if (osCodeOf(error) === 'EEXIST') throw systemError(-constants.errno.ENOTDIR, 'mkdir', path)
    if (osCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(dirname(path), mode)
    mkdirSync(path, { mode })
  }
}

/**
 * Removes a file if it exists. If it stays, rmSync would look for files below it, and name another
 * reason.
 * @throws BtkitError `not-permitted` or `io`
 */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (osCodeOf(error) !== 'ENOENT') throw asBtkitError(error, path)
  }
}

/**
 * Closes a descriptor that nothing was written to, or whose file was synced: the system closes it
 * also when it reports an error, which matters to nobody.
 */
export function closeDone(descriptor: number): void {
  tryOr(undefined, () => {
    closeSync(descriptor)
  })
}
