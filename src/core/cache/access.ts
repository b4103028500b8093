import { openNullCache } from '../../cache/piece-cache.js'
import { cacheSize, openCache } from '../../cache/open.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess, CacheTrust } from '../digests/cache-trust.js'
import { openLazyCache, type LazyCache } from '../../cache/lazy-cache.js'
import type { OpenCacheOptions } from '../../cache/open.js'

/** Opens a cache for a piece of work. Whoever does closes it. */
export async function openCacheAccess({ isUsed, trust, kernel, ...place }: CacheRequest) {
  const cache = isUsed ? await openCache(place) : openNullCache()
  return { cache, trust, now: place.now, kernel } satisfies CacheAccess
}

/** Opens the cache in a place; where there is none, an empty one, and nothing is made there. */
export async function openCacheIfThere(place: CachePlace): Promise<PieceCache> {
  return cacheSize(place.directory) === null ? openNullCache() : openCache(place)
}

/** Does something with the cache in a place, and closes it. Where there is none, it is empty. */
export async function withCache<T>(
  place: CachePlace,
  work: (cache: PieceCache) => T | Promise<T>,
): Promise<T> {
  const cache = await openCacheIfThere(place)
  try {
    return await work(cache)
  } finally {
    await cache.close()
  }
}

/** A cache for a piece of work that may find that it needs none. */
export interface LazyAccess {
  readonly cacheAccess: CacheAccess
  /** Opens it when it is first wanted; null for one that is as open as it will ever be. */
  readonly lazyCache: Omit<LazyCache, 'cache'> | null
}

/** Gives access to a cache that is still to be opened. Whoever does closes it. */
export function accessLazyCache(request: CacheRequest): LazyAccess {
  const { isUsed, trust, kernel, ...place } = request
  const lazyCache = isUsed ? openLazyCache(place) : null
  const cache = lazyCache?.cache ?? openNullCache()
  return { cacheAccess: { cache, trust, now: place.now, kernel }, lazyCache }
}

export { cacheDirectory } from '../../cache/directory.js'

/** Where a cache is, and what opening it takes. */
export type CachePlace = Pick<OpenCacheOptions, 'directory' | 'now' | 'warn'>

/** A cache that a piece of work wants. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether it is to be used at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
}
