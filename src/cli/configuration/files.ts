import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { asBtkitError, BtkitError, usageError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import type { Io } from '../io.js'
import { configurationOf, type Configuration } from './sections.js'
import { Problems } from '../options/given.js'

/** The configuration of all users. */
export const SYSTEM_FILE = '/etc/btkit/config.yaml'

/** The largest configuration in bytes; thousands of lines fit. */
const MAX_CONFIGURATION = 256 * 1024

type World = Pick<Io, 'env' | 'cwd' | 'isRoot'>

/**
 * The configuration files in use, the strongest last. This is only the file of `--config` or
 * BTKIT_CONFIG if one is given, else the existing files of system and user.
 */
export function configurationFiles(option: string | undefined, { env, cwd }: World): string[] {
  const only = option ?? (env['BTKIT_CONFIG'] || undefined)
  if (only !== undefined) return [resolve(cwd, only)]
  const user = userFile(env)
  return [SYSTEM_FILE, ...(user === null ? [] : [user])].filter(isThere)
}

/** The user's configuration file; null without a home directory. */
export function userFile(env: World['env']): string | null {
  const base = env['XDG_CONFIG_HOME']
  if (base !== undefined && isAbsolute(base)) return join(base, 'btkit/config.yaml')
  const home = env['HOME']
  return home ? join(home, '.config/btkit/config.yaml') : null
}

/** Whether a file exists and can be examined. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/**
 * Reads a configuration file as text. Root reads only files that nobody else can change or replace,
 * because a configuration can run commands.
 * @throws BtkitError `usage`, `too-large`, `not-found`, `not-permitted` or `io`
 */
export function readConfigurationText(path: string, { isRoot }: Pick<World, 'isRoot'>): string {
  const bytes = readBoundedRegular(path, MAX_CONFIGURATION)
  if (bytes.length > 0 && isRoot) requireRoots(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw usageError(`${path}: not UTF-8`)
  }
}

/** Reads and parses configuration files. A file that cannot be read is a problem. */
export async function readConfigurations(
  paths: readonly string[],
  io: Pick<World, 'isRoot'>,
  problems: Problems,
): Promise<Configuration[]> {
  const read = paths.map(async (path) => {
    try {
      return await configurationOf(readConfigurationText(path, io), path, problems)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      problems.add(error)
      return []
    }
  })
  return (await Promise.all(read)).flat()
}

/**
 * Reads the configuration files in use; see configurationFiles().
 * @throws BtkitError for the first mistake in them
 */
export async function readRightConfigurations(
  option: string | undefined,
  io: World,
): Promise<Configuration[]> {
  const problems = new Problems()
  const all = await readConfigurations(configurationFiles(option, io), io, problems)
  problems.throwFirst()
  return all
}

/** Mode bits: writable by group or others, and the sticky bit of directories. */
const [WRITABLE_BY_OTHERS, STICKY] = [0o022, 0o1000]

function requireRoots(path: string): void {
  try {
    for (const file of new Set([path, realpathSync(path)])) {
      requireRootsOwn(file, 0)
      for (let at = dirname(file); ; at = dirname(at)) {
        requireRootsOwn(at, STICKY)
        if (at === dirname(at)) break
      }
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

function requireRootsOwn(path: string, excuse: number): void {
  const { uid, mode } = statSync(path)
  const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & excuse) === 0
  if (uid === 0 && !isShared) return
  const why = uid === 0 ? 'others can write to it' : 'it is not owned by root'
  const fix = uid === 0 ? `chmod go-w ${path}` : `chown root ${path}`
  throw usageError(`${path}: ${why}, so root does not read it; run ${fix}`)
}
