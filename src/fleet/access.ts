import { openNullCache } from '../cache/piece-cache.js'
import { openCache, openLazyCache } from '../cache/open.js'
import type { CachePlace, LazyAccess } from '../core/cache/access.js'
import { LEAST_CLAIMED, type CacheAccess, type CacheTrust } from '../core/digests/cache-trust.js'
import type { ClaimingMachines, HashClaims } from './claims.js'
import type { ShareRequest } from './shared-digests.js'

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
  const claim = claimOnUse(access, others.directory, () => share?.machines ?? null)
  return { ...access, claim, adopt: share?.adopt }
}

/** The digests and the claims of other machines. */
interface ConnectedShare {
  readonly adopt: NonNullable<CacheAccess['adopt']>
  readonly machines: ClaimingMachines
}

/** Connects with other machines until the cache is closed. Without Redis nothing is adopted. */
async function connectShare(
  access: CacheAccess,
  { share, warn }: Others,
): Promise<ConnectedShare | null> {
  if (!share) return null
  const { adoptDigests } = await import('./adopt.js')
  const { SharedDigests } = await import('./shared-digests.js')
  const { RedisLink } = await import('../redis/link.js')
  const link = new RedisLink(share.address, { warn })
  const shared = new SharedDigests(access, share, link)
  access.cache.sharing = shared
  const rules = { shared, check: share.check, warn }
  return {
    adopt: (adoption) => adoptDigests(adoption, access, rules),
    machines: { link, rules: share },
  }
}

/** Returns a function that claims files. Most runs never claim any, so that it loads little. */
function claimOnUse(
  access: CacheAccess,
  directory: string,
  machinesOfShare: () => ClaimingMachines | null,
): NonNullable<CacheAccess['claim']> {
  let claims: Promise<HashClaims> | undefined
  const open = async () => {
    const { HashClaims } = await import('./claims.js')
    return new HashClaims(access, directory, machinesOfShare())
  }
  return async (request) => {
    if (request.content.size < LEAST_CLAIMED) return null
    claims ??= open()
    return (await claims).claim(request)
  }
}

/** Returns access to a cache that is opened later. The caller must close it. */
export function accessLazyCache(request: CacheRequest): LazyAccess {
  const { isUsed, trust, kernel, share, ...place } = request
  const lazyCache = isUsed ? openLazyCache(place) : null
  const cache = lazyCache?.cache ?? openNullCache()
  const cacheAccess = { cache, trust, now: place.now, kernel }
  if (!lazyCache) return { cacheAccess, lazyCache }
  let connected: ConnectedShare | null = null
  const claim = claimOnUse(cacheAccess, place.directory, () => connected?.machines ?? null)
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

/** The cache for a task. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether to use the cache at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
