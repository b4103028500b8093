import type { CacheAccess, ReadOnce, Unread } from '../core/digests/cache-access.js'
import { trace } from '../base/text/trace.js'
import { hashInGroups } from '../core/digests/hash-groups.js'
import { mergeTable } from '../core/digests/piece-table.js'
import { recallPieces } from '../core/digests/recall-pieces.js'
import type { CachePlace } from '../disk/cache/open.js'
import { HashClaims } from './claims.js'
import type { ShareRequest } from './shared-digests.js'
import { LEAST_ASKED } from './shares.js'

/** Other processes and machines that use the same digests. */
export interface Others extends Pick<CachePlace, 'directory' | 'warn'> {
  /** The machines to share digests with; null for none. */
  readonly share?: ShareRequest | null | undefined
}

/**
 * Connects an open cache with the processes that use it, too, and with other machines if asked for,
 * until it is closed. Returns a function that reads what none of them knows or reads.
 */
export async function openOthers(access: CacheAccess, others: Others): Promise<ReadOnce> {
  const machines = others.share ? await connectShare(access, others.share, others.warn) : null
  let claims: HashClaims | undefined
  return async (unread, read) => {
    const { content, table, cacheAccess } = unread
    const isAllKnown = () => !table.isKnown.includes(0)
    await machines?.adopt(unread)
    if (isAllKnown()) {
      trace(() => `${content.name}: other machines have all its digests`)
      return read(hashInGroups)
    }
    if (content.size >= LEAST_ASKED) claims ??= new HashClaims(access, others.directory, machines)
    const claimed = await claims?.claim(unread)
    try {
      if (claimed?.isLookDue) {
        trace(() => `${content.name}: others read it meanwhile`)
        mergeTable(content, table, recallPieces(content, cacheAccess))
        if (!isAllKnown()) await machines?.adopt(unread)
      }
      return await read(hashInGroups)
    } finally {
      claimed?.release()
    }
  }
}

/** Shares the digests of a cache with other machines, until it is closed. */
async function connectShare(
  access: CacheAccess,
  share: NonNullable<Others['share']>,
  warn: Others['warn'],
) {
  const { adoptDigests } = await import('./adopt.js')
  const { SharedDigests } = await import('./shared-digests.js')
  const { RedisLink } = await import('./redis/link.js')
  const link = new RedisLink(share.address, { warn })
  const shared = new SharedDigests(access, share, link)
  return {
    link,
    rules: share,
    adopt: (unread: Unread) => adoptDigests(unread, shared, warn),
    flush: () => shared.flush(),
  }
}
