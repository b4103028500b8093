import { openNullCache } from '../disk/cache/piece-cache.js'
import { openLazyCache } from '../disk/cache/open.js'
import type { CachePlace, LazyAccess } from '../core/cache/access.js'
import { LEAST_CLAIMED, type CacheAccess, type CacheTrust } from '../core/digests/cache-trust.js'
import type { ClaimingMachines, HashClaims } from './claims.js'
import type { ShareRequest } from './shared-digests.js'

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

/** Other processes and machines that use the same digests. */
interface Others extends Pick<CachePlace, 'directory' | 'warn'> {
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
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
  let connected: ConnectedShare | null = null
  let claims: Promise<HashClaims> | undefined
  const connect = async () => {
    if (share && access.cache.keepsAnything) connected ??= await connectShare(access, share, warn)
  }
  // Most runs never claim any file, so they load little
  const openClaims = async () => {
    const { HashClaims } = await import('./claims.js')
    return new HashClaims(access, directory, connected?.machines ?? null)
  }
  const claim: CacheAccess['claim'] = async (request) => {
    if (request.content.size < LEAST_CLAIMED || !access.cache.keepsAnything) return null
    claims ??= openClaims()
    return (await claims).claim(request)
  }
  const adopt: CacheAccess['adopt'] = async (adoption) => {
    return (await connected?.adopt(adoption)) ?? false
  }
  return { connect, cacheAccess: { ...access, claim, adopt: share ? adopt : undefined } }
}

/** The digests and the claims of other machines. */
interface ConnectedShare {
  readonly adopt: NonNullable<CacheAccess['adopt']>
  readonly machines: ClaimingMachines
}

/** Connects with other machines until the cache is closed. Without Redis nothing is adopted. */
async function connectShare(
  access: CacheAccess,
  share: ShareRequest,
  warn: Others['warn'],
): Promise<ConnectedShare> {
  const { adoptDigests } = await import('./adopt.js')
  const { SharedDigests } = await import('./shared-digests.js')
  const { RedisLink } = await import('./redis/link.js')
  const link = new RedisLink(share.address, { warn })
  const shared = new SharedDigests(access, share, link)
  access.cache.sharing = shared
  const rules = { shared, check: share.check, warn }
  return {
    adopt: (adoption) => adoptDigests(adoption, access, rules),
    machines: { link, rules: share },
  }
}

/** The cache for a task. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether to use the cache at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
