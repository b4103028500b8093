import { SECONDS_BETWEEN_NOTES } from '../../cache/records/record.js'
import { RedisLink } from '../../redis/link.js'
import type { CacheAccess } from '../digests/cache-trust.js'
import { adoptDigests } from './adopt.js'
import { COUNT_SCRIPTS } from './machine-counts.js'
import type { ShareRequest } from './share-request.js'
import { SharedDigests } from './shared-digests.js'
import { SharedStore } from './shared-store.js'

/** Milliseconds between two looks at what is revoked, for services. */
const REFRESH_MS = 60_000

/**
 * Connects a piece cache with other machines until it is closed. Removes what they revoked. Returns
 * the function that adopts digests of content. Never fails: without Redis nothing is adopted.
 */
export async function openShare(
  access: CacheAccess,
  request: ShareRequest,
  warn: (message: string) => void,
): Promise<CacheAccess['adopt']> {
  const { address, check, unusedFor } = request
  const { cache, now } = access
  // A use is noted only that often, and prolongs the life then
  const life = Math.ceil(unusedFor / 1000) + SECONDS_BETWEEN_NOTES
  const store = new SharedStore(new RedisLink(address, { scripts: COUNT_SCRIPTS, warn }), life)
  const shared = new SharedDigests({ ...request, cache, store, now, warn })
  await shared.refresh()
  const timer = setInterval(() => void shared.refresh(), REFRESH_MS).unref()
  cache.sharing = {
    remember: (...args) => {
      shared.remember(...args)
    },
    flush: () => shared.flush(),
    close: () => {
      clearInterval(timer)
      return shared.close()
    },
  }
  return (adoption) => adoptDigests(adoption, access, { shared, check })
}
