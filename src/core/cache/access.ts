import { openNullCache } from '../../cache/piece-cache.js'
import { refuseAborted } from '../../errors.js'
import { cacheSize, openCache } from '../../cache/open.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess, CacheTrust } from '../digests/cache-trust.js'
import type { ShareRequest } from '../share/share-request.js'
import { openLazyCache, type LazyCache } from '../../cache/lazy-cache.js'
import type { OpenCacheOptions } from '../../cache/open.js'

/** Opens a cache for a task. The caller must close it. */
export async function openCacheAccess(request: CacheRequest): Promise<CacheAccess> {
  const { isUsed, trust, kernel, share, ...place } = request
  const cache = isUsed ? await openCache(place) : openNullCache()
  return withShare({ cache, trust, now: place.now, kernel }, share, place.warn)
}

/** Returns the same access to a cache, but with the digests of other machines, if asked for. */
export async function withShare(
  access: CacheAccess,
  share: ShareRequest | null | undefined,
  warn: (message: string) => void,
): Promise<CacheAccess> {
  if (!share || !access.cache.keepsAnything) return access
  const { openShare } = await import('../share/open-share.js')
  return { ...access, adopt: await openShare(access, share, warn) }
}

/** Opens an existing cache. If there is none, returns an empty one and creates no files. */
export async function openCacheIfThere(place: CachePlace): Promise<PieceCache> {
  return cacheSize(place.directory) === null ? openNullCache() : openCache(place)
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

/** A cache for a task that may not need one. */
export interface LazyAccess {
  readonly cacheAccess: CacheAccess
  /** Opens the cache on first use; null if it is already open or stays closed. */
  readonly lazyCache: Omit<LazyCache, 'cache'> | null
}

/** Returns access to a cache that is opened later. The caller must close it. */
export function accessLazyCache(request: CacheRequest): LazyAccess {
  const { isUsed, trust, kernel, share, ...place } = request
  const lazyCache = isUsed ? openLazyCache(place) : null
  const cache = lazyCache?.cache ?? openNullCache()
  const cacheAccess = { cache, trust, now: place.now, kernel }
  if (!share || !lazyCache) return { cacheAccess, lazyCache }
  let adopt: CacheAccess['adopt']
  const wake = async () => {
    await lazyCache.wake()
    const shared = adopt === undefined ? await withShare(cacheAccess, share, place.warn) : null
    adopt ??= shared?.adopt
  }
  const adoptLater: CacheAccess['adopt'] = (adoption) => adopt?.(adoption) ?? Promise.resolve(false)
  return { cacheAccess: { ...cacheAccess, adopt: adoptLater }, lazyCache: { ...lazyCache, wake } }
}

export type { ShareRequest }
export { cacheDirectory } from '../../cache/directory.js'

/** The cache's directory, and what opening it needs. */
export type CachePlace = Pick<OpenCacheOptions, 'directory' | 'now' | 'warn' | 'signal'>

/** The cache for a task. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether to use the cache at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
