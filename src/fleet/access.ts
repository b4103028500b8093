import { openNullCache } from '../disk/cache/piece-cache.js'
import { cacheIn, type CachePlace } from '../disk/cache/open.js'
import type { CacheAccess, ReadOnce } from '../core/digests/cache-access.js'
import type { CacheTrust } from '../disk/cache/trust.js'
import { hashInGroups } from '../core/digests/hash-groups.js'
import type { AskedWorkers } from './ask-workers.js'
import type { Others } from './others.js'
import type { ShareRequest } from './shared-digests.js'
import { LEAST_ASKED } from './shares.js'

/** Returns access to a cache, which `wake` opens. The caller must close it. */
export function accessCache(request: CacheRequest): CacheAccess {
  const { directory, trust, share, ...place } = request
  const { now, warn } = place
  if (directory === null) return { cache: openNullCache(), trust, now }
  const cache = cacheIn({ ...place, directory })
  return addOthers({ cache, trust, now }, { directory, share, warn })
}

/**
 * Returns the same access to a cache, but files are not hashed while other processes hash them. If
 * asked for, digests are shared with other machines once the cache is open.
 */
function addOthers(access: CacheAccess, { share, warn, directory }: Others): CacheAccess {
  let others: Promise<ReadOnce> | undefined
  // Most runs never read that much, so they load little
  const open = async () => {
    const { openOthers } = await import('./others.js')
    return openOthers(access, { directory, share, warn })
  }
  if (share)
    access.cache.onOpen = async () => {
      if (access.cache.keepsAnything) await (others ??= open())
    }
  const readOnce: ReadOnce = async (unread, read) => {
    const { content, table } = unread
    const isOwn = !access.cache.keepsAnything || (!others && content.size < LEAST_ASKED)
    if (isOwn || !table.isKnown.includes(0)) return read(hashInGroups)
    return (await (others ??= open()))(unread, read)
  }
  return { ...access, reader: { readOnce } }
}

/** Returns the same access to a cache, but workers hash what it does not know. */
export function withWorkers(access: CacheAccess, workers: AskedWorkers): CacheAccess {
  const readOnce: ReadOnce = (unread, read) => {
    const readWithWorkers = () => read(workers.hashesOf(unread.content))
    return access.reader?.readOnce(unread, readWithWorkers) ?? readWithWorkers()
  }
  return { ...access, reader: { readOnce, contentsAtOnce: workers.contentsAtOnce } }
}

/** The cache for a task. */
export interface CacheRequest extends Omit<CachePlace, 'directory'> {
  /** Null for no cache. */
  readonly directory: string | null
  readonly trust: CacheTrust
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}
