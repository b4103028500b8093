import { cacheSize, openCache, type CacheOpening } from '../../disk/cache/open.js'
import { openNullCache, type PieceCache } from '../../disk/cache/piece-cache.js'
import { refuseAborted } from '../../base/errors.js'

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
