import {
  pruneCache as prune,
  summarizeCache as summarize,
  type CacheReport,
  type PruneReport,
} from '../disk/cache/prune.js'
import { removeCache, type CachePlace } from '../disk/cache/open.js'
import { UNUSED_FOR } from '../disk/cache/maintain.js'
import type { CacheAccess } from '../core/digests/cache-access.js'
import type { CacheTrust } from '../disk/cache/trust.js'
import { awaitSystem, BtkitError, callSystem, refuseAborted } from '../base/errors.js'
import { accessCache } from '../fleet/access.js'
import { requirePath } from '../base/require.js'

/** Options for opening a piece cache. */
export interface OpenCacheOptions extends CacheOptions {
  /**
   * The parts of a file's fingerprint that must match for its digests to be used. `mtime`: size and
   * modification time, for NFS and copied trees (default: `full`).
   */
  readonly trust?: CacheTrust | undefined
}

/** Options of all functions for caches. */
export interface CacheOptions {
  /** Called if the cache cannot be used. Work continues without it (default: ignore). */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Ends the work when it aborts: the promise rejects with BtkitError `interrupted`. */
  readonly signal?: AbortSignal | undefined
}

let access: (cache: Cache) => CacheAccess

/** An open piece cache. Any number of tasks may use it at once, and other processes as well. */
export class Cache {
  readonly #access: CacheAccess

  static {
    access = (cache) => cache.#access
  }

  /** For openCache. */
  constructor(opened: object) {
    this.#access = opened as CacheAccess
  }

  /** Writes what is new and closes the file. No task may use the cache any more. */
  close(): Promise<void> {
    return this.#access.cache.close()
  }
}

/**
 * Returns what core needs of a cache.
 * @throws BtkitError `usage` for what callers without types take for one
 */
export function accessOf(cache: unknown): CacheAccess {
  if (!(cache instanceof Cache))
    throw new BtkitError('usage', 'cache: not a cache; give what openCache returned')
  return access(cache)
}

/**
 * Opens the piece cache in a directory, and creates it if necessary. Only the current user may be
 * able to write there. If the cache cannot be used, `onWarning` is called, and nothing is stored.
 * @throws BtkitError `interrupted`
 */
export async function openCache(directory: string, options: OpenCacheOptions = {}): Promise<Cache> {
  const { trust = 'full', signal } = options
  refuseAborted(signal)
  const opened = accessCache({ ...placeOf(directory, options), trust })
  await opened.cache.wake()
  if (signal?.aborted) await opened.cache.close()
  refuseAborted(signal)
  return new Cache(opened)
}

/**
 * Returns numbers and sizes of the records in a cache.
 * @throws BtkitError `interrupted`
 */
export async function summarizeCache(
  directory: string,
  options: CacheOptions = {},
): Promise<CacheReport> {
  refuseAborted(options.signal)
  return awaitSystem(directory, summarize(placeOf(directory, options)))
}

/** Records to remove from a cache. */
export interface PruneOptions extends CacheOptions {
  /** Remove records that were not used for so many milliseconds (default: 30 days). */
  readonly unusedFor?: number | undefined
  /** Limit of the records' size in bytes (default: unlimited). */
  readonly maxSize?: number | undefined
}

/**
 * Removes unused records, damaged caches that were set aside, and that of an older btkit. Returns
 * their numbers. An interruption leaves the rest of the records.
 * @throws BtkitError `not-permitted` if other users could replace the files, `interrupted`
 */
export async function pruneCache(
  directory: string,
  options: PruneOptions = {},
): Promise<PruneReport> {
  const { unusedFor = UNUSED_FOR, maxSize, signal } = options
  refuseAborted(signal)
  return awaitSystem(directory, prune(placeOf(directory, options), unusedFor, maxSize))
}

/**
 * Removes a cache. Returns whether there was one.
 * @throws BtkitError `not-permitted` if other users could replace the files, `interrupted`
 */
export async function clearCache(
  directory: string,
  { signal }: Pick<CacheOptions, 'signal'> = {},
): Promise<boolean> {
  await Promise.resolve()
  refuseAborted(signal)
  requirePath(directory, 'directory')
  return callSystem(directory, () => removeCache(directory))
}

/** Returns what core needs to open a cache. */
function placeOf(
  directory: string,
  { onWarning = () => undefined, signal }: CacheOptions,
): CachePlace {
  requirePath(directory, 'directory')
  return { directory, now: () => Date.now(), warn: onWarning, signal }
}
