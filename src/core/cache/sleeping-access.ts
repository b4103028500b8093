import { openNullCache } from '../../cache/null-cache.js'
import { openSleepingCache, type SleepingCache } from '../../cache/sleeping-cache.js'
import type { CacheAccess } from '../digests/cache-trust.js'
import type { CacheRequest } from './place.js'

/** A cache for a piece of work that may find that it needs none. */
export interface SleepingAccess {
  readonly cacheAccess: CacheAccess
  /** Opens it when it is first wanted; null for one that is as open as it will ever be. */
  readonly sleepingCache: Omit<SleepingCache, 'cache'> | null
}

/** Gives access to a cache that is still to be opened. Whoever does closes it. */
export function accessSleepingCache(request: CacheRequest): SleepingAccess {
  const { isUsed, trust, kernel, ...place } = request
  const sleepingCache = isUsed ? openSleepingCache(place) : null
  const cache = sleepingCache?.cache ?? openNullCache()
  return { cacheAccess: { cache, trust, now: place.now, kernel }, sleepingCache }
}
