import { openNullCache } from '../../cache/piece-cache.js'
import { refuseAborted } from '../../errors.js'
import { cacheSize, openCache, openLazyCache, type LazyCache } from '../../cache/open.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess, CacheTrust } from '../digests/cache-trust.js'
import { LEAST_BYTES } from '../claims/claims.js'
import type { ClaimLevel, HashClaims } from '../claims/hash-claims.js'
import type { ShareRequest } from '../share/share-request.js'
import type { OpenCacheOptions } from '../../cache/open.js'

/** Opens a cache for a task. The caller must close it. */
export async function openCacheAccess(request: CacheRequest): Promise<CacheAccess> {
  const { isUsed, trust, kernel, share, ...place } = request
  const cache = isUsed ? await openCache(place) : openNullCache()
  return withOthers({ cache, trust, now: place.now, kernel }, { ...place, share })
}

/** Other processes and machines that use the same digests. */
export interface Others extends Pick<CachePlace, 'directory' | 'warn'> {
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}

/**
 * Returns the same access to a cache, but files are not hashed while other processes hash them. If
 * asked for, digests are shared with other machines.
 */
export async function withOthers(access: CacheAccess, others: Others): Promise<CacheAccess> {
  if (!access.cache.keepsAnything) return access
  const share = await connectShare(access, others)
  const claim = claimOnUse(access, others.directory, () => share?.level ?? null)
  return { ...access, claim, adopt: share?.adopt }
}

/** The digests and the claims of other machines. */
interface ConnectedShare {
  readonly adopt: NonNullable<CacheAccess['adopt']>
  readonly level: ClaimLevel
}

async function connectShare(
  access: CacheAccess,
  { share, warn }: Others,
): Promise<ConnectedShare | null> {
  if (!share) return null
  const { openShare } = await import('../share/open-share.js')
  const { CLAIM_SCRIPTS, sharedLevel } = await import('../claims/shared-claims.js')
  const { link, adopt } = await openShare(access, share, { scripts: CLAIM_SCRIPTS, warn })
  return { adopt, level: sharedLevel(link, share) }
}

/** Returns a function that claims files. Most runs never claim any, so that it loads little. */
function claimOnUse(
  access: CacheAccess,
  directory: string,
  levelOfShare: () => ClaimLevel | null,
): NonNullable<CacheAccess['claim']> {
  let claims: Promise<HashClaims> | undefined
  const open = async () => {
    const { openHashClaims } = await import('../claims/hash-claims.js')
    return openHashClaims(access, directory, levelOfShare())
  }
  return async (request) => {
    if (request.content.size < LEAST_BYTES) return null
    claims ??= open()
    return (await claims).claim(request)
  }
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
  if (!lazyCache) return { cacheAccess, lazyCache }
  let connected: ConnectedShare | null = null
  const claim = claimOnUse(cacheAccess, place.directory, () => connected?.level ?? null)
  if (!share) return { cacheAccess: { ...cacheAccess, claim }, lazyCache }
  const wake = async () => {
    await lazyCache.wake()
    if (cache.keepsAnything) connected ??= await connectShare(cacheAccess, { ...place, share })
  }
  const adopt: CacheAccess['adopt'] = (adoption) => {
    return connected?.adopt(adoption) ?? Promise.resolve(false)
  }
  return { cacheAccess: { ...cacheAccess, adopt, claim }, lazyCache: { ...lazyCache, wake } }
}

export type { ShareRequest }

/** The cache's directory, and what opening it needs. */
export interface CachePlace extends OpenCacheOptions {
  /** Ends the work with the cache. */
  readonly signal?: AbortSignal | undefined
}

/** The cache for a task. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether to use the cache at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
