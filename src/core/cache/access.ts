import { openNullCache } from '../../cache/null-cache.js'
import { cacheSize, openCache } from '../../cache/open.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess } from '../digests/cache-trust.js'
import type { CachePlace, CacheRequest } from './place.js'

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
