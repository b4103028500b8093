import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BtkitError, refuseAborted, callSystem } from '../../base/errors.js'
import { removeFile } from '../../base/directories.js'
import { readNames } from '../look/read-names.js'
import { statIfThere } from '../look/stat-files.js'
import { describeDirectory } from '../write/trusted-directory.js'
import { openNullCache, PieceCache } from './piece-cache.js'
import { DAMAGED, SUFFIXES } from './place.js'
import { reasonOf } from './sqlite.js'
import { nullStore, type Store } from './store.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.sqlite'

/** The name of the file that an older btkit used, by LMDB. */
const OLD_FILE = 'pieces.mdb'

export interface CacheOpening {
  readonly directory: string
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Receives messages if the cache cannot be used, or not written. Work goes on without it. */
  readonly warn: (message: string) => void
  /** Whether this process opens it for so long that messages say until when (default: not). */
  readonly isService?: boolean
}

/**
 * Removes the cache in a directory, and what removeUnusable removes. A process that has the
 * cache open keeps using the removed file. Returns whether there was any.
 * @throws BtkitError `not-permitted` if other users could replace the files, and as removeFile
 */
export function removeCache(directory: string, dryRun = false): boolean {
  const unusable = removeUnusable(directory, dryRun)
  const isThere = existsSync(join(directory, CACHE_FILE))
  removeMatching(directory, (name) => isOfCache(name), dryRun)
  return unusable > 0 || isThere
}

/** Whether a file belongs to the cache in use. */
function isOfCache(name: string): boolean {
  return name === CACHE_FILE || name.startsWith(`${CACHE_FILE}-`)
}

/**
 * Removes the damaged caches that were set aside in a directory, and that of an older btkit.
 * Returns their number. A dry run only counts them.
 * @throws as removeCache
 */
export function removeUnusable(directory: string, dryRun = false): number {
  const names = removeMatching(
    directory,
    (name) => name.startsWith(CACHE_FILE + DAMAGED) || name.startsWith(OLD_FILE),
    dryRun,
  )
  return names.filter((name) => name === OLD_FILE || name.includes(DAMAGED)).length
}

/** Removes the files of a directory whose names match, and returns these. */
function removeMatching(
  directory: string,
  matches: (name: string) => boolean,
  dryRun: boolean,
): string[] {
  if (statIfThere(directory) === null) return []
  const distrust = describeDirectory(directory, '--cache-dir')
  if (distrust !== null) throw new BtkitError('not-permitted', `cache ${directory}: ${distrust}`)
  const names = readNames(directory).filter(matches)
  // A file that is created in this moment must not lose those beside it: SQLite removes what is
  // left of these
  const rank = (name: string) => SUFFIXES.indexOf(name.slice(CACHE_FILE.length) as '')
  for (const name of dryRun ? [] : names.sort((a, b) => rank(a) - rank(b)))
    removeFile(join(directory, name))
  return names
}

/**
 * Size of the cache's files in bytes, or null if the directory has no cache.
 * @throws BtkitError `not-found` for a file in its place, `not-permitted` or `io`
 */
export function cacheSize(directory: string): number | null {
  const path = join(directory, CACHE_FILE)
  const sizeOf = (at: string) => {
    return callSystem(directory, () => statSync(at, { throwIfNoEntry: false })?.size)
  }
  const size = sizeOf(path)
  const log = sizeOf(`${path}-wal`) ?? 0
  return size === undefined ? null : size + log
}

/**
 * Opens the cache in a directory. Creates it if it does not exist. A damaged or foreign file is set
 * aside. If the cache cannot be used, the result is a cache that stores nothing.
 */
export async function openCache(options: CacheOpening): Promise<PieceCache> {
  const cache = cacheIn(options)
  await cache.wake()
  return cache
}

/** Returns the cache in a directory, which `wake` opens as openCache does. */
export function cacheIn(opening: CacheOpening): PieceCache {
  return new PieceCache(() => openStore(opening), opening.now)
}

/**
 * Opens the store in a directory. If that fails, warns and returns a store that stores nothing.
 * Never rejects.
 */
async function openStore({ directory, warn: tell, isService }: CacheOpening): Promise<Store> {
  const warn = (why: string) => {
    tell(`cache ${directory}: ${why}`)
  }
  const path = join(directory, CACHE_FILE)
  const until = isService ? ' until restart' : ''
  try {
    const isNew = !existsSync(path)
    const { openSqliteStore } = await import('./sqlite-store.js')
    const store = await openSqliteStore({ path, warn, until })
    if (isNew && existsSync(join(directory, OLD_FILE))) warn(OLD)
    return store
  } catch (error) {
    warn(`not used${until}: ${reasonOf(error)}`)
    return nullStore
  }
}

const OLD = `${OLD_FILE} is of an older btkit and not used, so files whose hashes are needed are read once more (--max-rate limits that); "btkit cache prune" removes it`

/** The cache's directory, and what opening it needs. */
export interface CachePlace extends CacheOpening {
  /** Ends the work with the cache. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens an existing cache. If there is none, or no directory for it, returns an empty one and
 * creates no files.
 */
export async function openCacheIfThere({
  directory,
  ...place
}: Omit<CachePlace, 'directory'> & { readonly directory: string | null }): Promise<PieceCache> {
  if (directory === null || cacheSize(directory) === null) return openNullCache()
  return openCache({ ...place, directory })
}

/**
 * Calls a function with an existing or empty cache, and closes the cache.
 * @throws BtkitError `interrupted`
 */
export async function withCache<T>(
  place: CachePlace,
  work: (cache: PieceCache) => T | Promise<T>,
): Promise<T> {
  const cache = await openCacheIfThere(place)
  try {
    refuseAborted(place.signal)
    return await work(cache)
  } finally {
    await cache.close()
  }
}
