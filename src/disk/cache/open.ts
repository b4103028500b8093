import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  futimesSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { BtkitError, describeOsError, tryOr } from '../../base/errors.js'
import { makeDirectory, removeFile } from '../../base/directories.js'
import { readNames } from '../look/read-names.js'
import { describeDamage, forgetDeaths, markOpen } from './deaths.js'
import { PieceCache } from './piece-cache.js'
import { describeDirectory } from '../write/trusted-directory.js'
import { checkFileSystem, checkPlace, requireFreeSpace, writeLockFile } from './store/place.js'
import { dayOf, FORMAT, FORMAT_KEY, isNoteDue } from './records/record.js'
import type { StoreListener } from './store/lmdb-store.js'
import { nullStore, type Store } from './store/store.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'

export interface CacheOpening {
  readonly directory: string
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Receives messages if the cache cannot be used, or not written. Work goes on without it. */
  readonly warn: (message: string) => void
  /** Whether this process opens it for so long that messages say until when (default: not). */
  readonly isService?: boolean
}

/** The suffix of a cache that is set aside. */
const DAMAGED = '.damaged'

/**
 * Removes the cache in a directory, and damaged caches set aside there. A process that has the
 * cache open keeps using the removed file. Returns whether there was any.
 * @throws BtkitError `not-permitted` if other users could replace the files, and as removeFile
 */
export function removeCache(directory: string, dryRun = false): boolean {
  const damaged = removeDamaged(directory, dryRun)
  const isThere = existsSync(join(directory, CACHE_FILE))
  removeMatching(directory, (rest) => rest === '' || rest.startsWith('-'), dryRun)
  return damaged > 0 || isThere
}

/**
 * Removes the damaged caches that were set aside in a directory. Returns their number. A dry run
 * only counts them.
 * @throws as removeCache
 */
export function removeDamaged(directory: string, dryRun = false): number {
  return removeMatching(directory, (rest) => rest.startsWith(DAMAGED), dryRun)
}

/** Removes the files of a cache whose suffix matches. Returns their number. */
function removeMatching(
  directory: string,
  matches: (rest: string) => boolean,
  dryRun = false,
): number {
  if (!existsSync(directory)) return 0
  const distrust = describeDirectory(directory, '--cache-dir')
  if (distrust !== null) throw new BtkitError('not-permitted', `cache ${directory}: ${distrust}`)
  const names = readNames(directory).filter(
    (name) => name.startsWith(CACHE_FILE) && matches(name.slice(CACHE_FILE.length)),
  )
  for (const name of dryRun ? [] : names) removeFile(join(directory, name))
  return names.length
}

/** Size of the cache's file in bytes, or null if the directory has no cache. */
export function cacheSize(directory: string): number | null {
  return statSync(join(directory, CACHE_FILE), { throwIfNoEntry: false })?.size ?? null
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
export function cacheIn(options: CacheOpening): PieceCache {
  const { directory, now } = options
  const note = join(directory, `${CACHE_FILE}-tidied`)
  // The modification time of a note says when maintenance last ran: the cache stays closed
  const upkeep = {
    isDue: () => {
      try {
        const stats = statSync(note, { throwIfNoEntry: false })
        return !stats || isNoteDue({ lastUsed: dayOf(stats.mtimeMs) }, dayOf(now()))
      } catch {
        return true
      }
    },
    note: () => {
      try {
        removeFile(note)
        const descriptor = openSync(note, 'wx', 0o600)
        try {
          futimesSync(descriptor, now() / 1000, now() / 1000)
        } finally {
          closeSync(descriptor)
        }
      } catch {
        // Not an error: the next run repeats the maintenance
      }
    },
  }
  return new PieceCache(() => openOrNone(options), now, upkeep)
}

/**
 * Opens the store in a directory. If that fails, warns and returns a store that stores nothing.
 * Never rejects.
 */
function openOrNone(options: CacheOpening): Promise<Store> {
  const warn = (why: string) => {
    options.warn(`cache ${options.directory}: ${why}`)
  }
  return openStore({ ...options, warn }).catch((error: unknown) => {
    warn(`not used${untilOf(options)}: ${reasonOf(error)}`)
    return nullStore
  })
}

function untilOf({ isService }: CacheOpening): string {
  return isService ? ' until restart' : ''
}

/**
 * Opens the file, or creates a new one. A file that cannot be used is set aside.
 * @throws Error of LMDB or the system if neither can be opened, or if other users could replace it
 */
async function openStore(opening: CacheOpening): Promise<Store> {
  const { directory, warn } = opening
  const path = join(directory, CACHE_FILE)
  makeDirectory(directory, 0o700)
  checkFileSystem(directory)
  for (;;) {
    checkPlace(path)
    const file = statSync(path, { throwIfNoEntry: false })?.ino ?? null
    if (file === null) requireFreeSpace(directory)
    else accessSync(path, constants.R_OK | constants.W_OK)
    writeLockFile(path)
    const damage = file === null ? null : await describeDamage(path)
    const found = damage ?? (await storeAt(path, opening))
    if (typeof found !== 'string') return found
    const kept = setAside(path, file)
    if (kept !== null) warn(`${found}; ${kept}; a new cache is used`)
  }
}

/** Returns the store at a path, which may be a new one, or why the file at the path cannot be used. */
async function storeAt(path: string, opening: CacheOpening): Promise<Store | string> {
  const { isDamage, openLmdbStore } = await import('./store/lmdb.js')
  const unmark = markOpen(path)
  let file: number | null = null
  const follow: StoreListener = (error, state) => {
    const reason = reasonOf(error)
    if (state === 'full') opening.warn(`only read until its disk has space: ${reason}`)
    else if (state === 'used') opening.warn('written again: its disk has space')
    else {
      const kept = isDamage(error) ? tryOr(null, () => setAside(path, file)) : null
      const why = kept === null ? reason : `damaged: ${reason}; ${kept}`
      opening.warn(`no longer used${untilOf(opening)}: ${why}`)
    }
  }
  const store = await openLmdbStore(path, follow).catch((error: unknown) => {
    unmark()
    if (isDamage(error)) return null
    throw error
  })
  if (store === null) return 'damaged, or not a cache of btkit'
  store.onClose = unmark
  file = statSync(path).ino
  const format = readFormat(store)
  if (format === FORMAT) return store
  await store.close()
  if (format > FORMAT) throw new Error('a newer btkit wrote it')
  return 'not a cache of btkit'
}

/**
 * Renames an unusable file, given its inode, over one that was set aside before. Returns words about that;
 * null if another process has done it.
 */
function setAside(path: string, file: number | null): string | null {
  if (file !== null && statSync(path, { throwIfNoEntry: false })?.ino !== file) return null
  renameSync(path, path + DAMAGED)
  removeFile(`${path}-lock`)
  forgetDeaths(path)
  return `renamed to ${basename(path)}${DAMAGED}, which "btkit cache prune" removes`
}

/**
 * Returns the format of a store, which is recorded in it when it is new; 0 for another program's
 * file.
 */
function readFormat(store: Store): number {
  const format = store.get(FORMAT_KEY)?.[0]
  if (format !== undefined) return format
  for (const entry of store.entries()) if (entry.key.length > 0) return 0
  store.put(FORMAT_KEY, Buffer.of(FORMAT))
  return FORMAT
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? describeOsError(error) : String(error)
}
