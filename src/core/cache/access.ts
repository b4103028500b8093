import { cacheSize, openCache, openNullCache, type OpenCacheOptions } from '../../cache/open.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess } from '../digests/cache-access.js'
import type { CacheTrust } from '../digests/cache-trust.js'

export { cacheDirectory } from '../../cache/directory.js'

/** Where a cache is, and what opening it takes. */
export type CachePlace = Pick<OpenCacheOptions, 'directory' | 'now' | 'warn'>

/** A cache that a piece of work wants. */
export interface CacheRequest extends CachePlace {
  /** Whether it is to be used at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
}

/** Opens a cache for a piece of work. Whoever does closes it. */
export async function openCacheAccess({ isUsed, trust, ...place }: CacheRequest) {
  const cache = isUsed ? await openCache(place) : openNullCache()
  return { cache, trust, now: place.now } satisfies CacheAccess
}

/** Does something with the cache in a place, and closes it. Where there is none, it is empty. */
export async function withCache<T>(
  place: CachePlace,
  work: (cache: PieceCache) => T | Promise<T>,
): Promise<T> {
  const cache = cacheSize(place.directory) === null ? openNullCache() : await openCache(place)
  try {
    return await work(cache)
  } finally {
    await cache.close()
  }
}
