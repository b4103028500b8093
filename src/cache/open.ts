import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, describeOsError } from '../errors.js'
import { CACHE_FILE } from './tidied-note.js'
import { makeDirectory } from '../directories.js'
import { checkFileSystem } from './integrity/check-file-system.js'
import { isSound } from './integrity/check-file.js'
import { checkPlace, describeDirectory } from './integrity/check-place.js'
import { isTrusted, OpenedFile } from './integrity/opened-file.js'
import { PieceCache } from './piece-cache.js'
import { FORMAT, FORMAT_KEY } from './records/record.js'
import { requireFreeSpace } from './store/disk-space.js'
import { lateStore } from './store/lazy.js'
import { nullStore } from './store/null.js'
import type { Store } from './store/store.js'
import { WriteLock } from './store/write-lock.js'

export { CACHE_FILE }

export interface OpenCacheOptions {
  readonly directory: string
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Receives one message if there is no cache, or if it is lost. Work goes on without it. */
  readonly warn: (message: string) => void
  /**
   * Whether to return before the check of a possibly damaged cache ends. The check after a crash of
   * the machine takes long for a large cache. Until it ends, the cache is empty and stores nothing.
   * Default: no.
   */
  readonly isCheckedBeside?: boolean
  /** Ends the check of a possibly damaged cache: the result is a cache that stores nothing. */
  readonly signal?: AbortSignal | undefined
}

/** The suffix of a cache that is set aside. */
const DAMAGED = '.damaged'

/** How long to wait for such a check even then, in milliseconds. */
const SHORT_CHECK = 1000

/**
 * Removes the cache in a directory, and damaged caches set aside there. A process that has the
 * cache open keeps using the removed file. Returns whether there was any.
 * @throws BtkitError `not-permitted` if other users could replace the files; Error of the system
 *   if a file cannot be removed
 */
export function removeCache(directory: string): boolean {
  const damaged = removeDamaged(directory)
  const isThere = existsSync(join(directory, CACHE_FILE))
  removeMatching(directory, (rest) => rest === '' || rest.startsWith('-'))
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
  const distrust = describeDirectory(directory)
  if (distrust !== null) throw new BtkitError('not-permitted', `cache ${directory}: ${distrust}`)
  const names = readdirSync(directory).filter(
    (name) => name.startsWith(CACHE_FILE) && matches(name.slice(CACHE_FILE.length)),
  )
  for (const name of dryRun ? [] : names) rmSync(join(directory, name), { force: true })
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
export async function openCache(options: OpenCacheOptions): Promise<PieceCache> {
  const { now, signal } = options
  const closing = new AbortController()
  const ending = signal ? AbortSignal.any([closing.signal, signal]) : closing.signal
  const opening = openOrNone(options, ending)
  if (!options.isCheckedBeside) return new PieceCache({ store: await opening, now })
  const stop = () => {
    closing.abort()
  }
  await Promise.race([opening, setTimeout(SHORT_CHECK, null, { ref: false })])
  return new PieceCache({ store: lateStore(opening, stop), now })
}

/**
 * Opens the store in a directory. If that fails, warns and returns a store that stores nothing.
 * Never rejects.
 */
export function openOrNone(
  { directory, ...options }: OpenCacheOptions,
  signal: AbortSignal,
): Promise<Store> {
  const warn = once((why) => {
    options.warn(`cache ${directory}: ${why}`)
  })
  const path = join(directory, CACHE_FILE)
  return openStore({ path, directory, warn, signal }).catch((error: unknown) => {
    if (!signal.aborted) warn(`not used: ${reasonOf(error)}`)
    return nullStore
  })
}

/** A cache file that is about to be opened. */
interface Opening {
  readonly path: string
  readonly directory: string
  readonly warn: (why: string) => void
  /** Ends a running check. */
  readonly signal: AbortSignal
}

/**
 * Opens the file after a check, or creates a new one.
 * @throws Error of LMDB or the system if neither can be opened, if the file cannot be checked, or
 *   if other users could replace it
 */
async function openStore(opening: Opening): Promise<Store> {
  const { path, directory, warn } = opening
  makeDirectory(directory, 0o700)
  checkFileSystem(directory)
  checkPlace(path)
  requireFreeSpace(directory)
  const { openLmdbStore } = await import('./store/lmdb.js')
  const isTrusted = await admitFile(opening)
  // LMDB would wait for its lock forever, even to open the file
  await new WriteLock(path).whenFree()
  const opened = new OpenedFile(path, isTrusted)
  let hasFailed = false
  const fail = (error: unknown) => {
    hasFailed = true
    warn(`no longer used: ${reasonOf(error)}`)
  }
  const store = await openOrClose(opened, () =>
    openLmdbStore(path, fail, () => {
      opened.beforeWrite()
    }),
  )
  const close = async () => {
    await store.close()
    await opened.close(!hasFailed)
  }
  const format = readFormat(store)
  if (format === FORMAT) return { ...store, close }
  await close()
  if (format > FORMAT) throw new Error('a newer btkit wrote it')
  setAside(opening)
  return openStore(opening)
}

async function openOrClose(opened: OpenedFile, open: () => Store): Promise<Store> {
  try {
    return open()
  } catch (error) {
    await opened.close(false)
    throw error
  }
}

/**
 * Checks the file if it exists, and sets it aside if it is damaged. Returns whether the file needed
 * no check.
 */
async function admitFile(opening: Opening): Promise<boolean> {
  const { path, signal } = opening
  if (!existsSync(path)) return false
  accessSync(path, constants.R_OK | constants.W_OK)
  if (isTrusted(path)) return true
  const { ino } = statSync(path)
  // Another process may have set it aside and created a new file meanwhile
  if (!(await isSound(path, signal)) && statSync(path).ino === ino) setAside(opening)
  return false
}

/** Renames an unusable file; replaces one that was set aside before. */
function setAside({ path, warn }: Opening): void {
  renameSync(path, path + DAMAGED)
  rmSync(`${path}-lock`, { force: true })
  const name = basename(path) + DAMAGED
  warn(`damaged, or not a cache of btkit; renamed to ${name}, and a new cache is used`)
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

function once(act: (why: string) => void): (why: string) => void {
  let isDone = false
  return (why) => {
    if (!isDone) act(why)
    isDone = true
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? describeOsError(error) : String(error)
}
