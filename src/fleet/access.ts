import { openNullCache } from '../disk/cache/piece-cache.js'
import { openLazyCache } from '../disk/cache/open.js'
import type { CachePlace, LazyAccess } from '../core/cache/access.js'
import type { CacheAccess, CacheTrust, ReadOnce } from '../core/digests/cache-trust.js'
import { hashInGroups } from '../core/digests/hash-groups.js'
import type { AskedWorkers } from './ask-workers.js'
import type { Others } from './others.js'
import type { ShareRequest } from './shared-digests.js'
import { LEAST_ASKED } from './shares.js'

/** Opens a cache for a task. The caller must close it. */
export async function openCacheAccess(request: CacheRequest): Promise<CacheAccess> {
  const { cacheAccess, lazyCache } = accessLazyCache(request)
  await lazyCache?.wake()
  return cacheAccess
}

/** Returns access to a cache that is opened later. The caller must close it. */
export function accessLazyCache(request: CacheRequest): LazyAccess {
  const { isUsed, trust, kernel, share, ...place } = request
  const lazyCache = isUsed ? openLazyCache(place) : null
  const cache = lazyCache?.cache ?? openNullCache()
  const access = { cache, trust, now: place.now, kernel }
  if (!lazyCache) return { cacheAccess: access, lazyCache }
  const { cacheAccess, connect } = addOthers(access, { ...place, share })
  const wake = async () => {
    await lazyCache.wake()
    await connect()
  }
  return { cacheAccess, lazyCache: { ...lazyCache, wake } }
}

/**
 * Returns the same access to an open cache, but files are not hashed while other processes hash
 * them. If asked for, digests are shared with other machines.
 */
export async function withOthers(access: CacheAccess, others: Others): Promise<CacheAccess> {
  const { cacheAccess, connect } = addOthers(access, others)
  await connect()
  return cacheAccess
}

/**
 * Does the same for a cache that is not open yet. Call `connect` when it is; until then nothing is
 * shared with other machines.
 */
function addOthers(access: CacheAccess, { share, warn, directory }: Others) {
  let others: Promise<ReadOnce> | undefined
  // Most runs never read that much, so they load little
  const open = async () => {
    const { openOthers } = await import('./others.js')
    return openOthers(access, { directory, share, warn })
  }
  const connect = async () => {
    if (share && access.cache.keepsAnything) await (others ??= open())
  }
  const readOnce: ReadOnce = async (unread, read) => {
    const { cache } = access
    if (!cache.keepsAnything || (!others && unread.content.size < LEAST_ASKED))
      return read(hashInGroups)
    return (await (others ??= open()))(unread, read)
  }
  return { connect, cacheAccess: { ...access, readOnce } }
}

/** Returns the same access to a cache, but workers hash what it does not know. */
export function withWorkers(access: CacheAccess, workers: AskedWorkers | undefined): CacheAccess {
  if (!workers) return access
  const readOnce: ReadOnce = (unread, read) => {
    const readWithWorkers = () => read(workers.hashesOf(unread.content))
    return access.readOnce?.(unread, readWithWorkers) ?? readWithWorkers()
  }
  return { ...access, readOnce }
}

/** The cache for a task. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether to use the cache at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
