import { SECONDS_BETWEEN_NOTES } from '../cache/records/record.js'
import type { ClientOptions } from '../redis/client.js'
import { RedisLink } from '../redis/link.js'
import type { CacheAccess } from '../core/digests/cache-trust.js'
import { adoptDigests } from './adopt.js'
import { COUNT_SCRIPTS } from './machine-counts.js'
import { RECORD_SCRIPTS } from './read-records.js'
import type { ShareRequest } from './share-request.js'
import { SharedDigests } from './shared-digests.js'
import { SharedStore } from './shared-store.js'

/** Milliseconds between two looks at what is revoked, for services. */
const REFRESH_MS = 60_000

/** The receiver of warnings, and scripts for further use of the link. */
export interface ShareParts extends ClientOptions {
  readonly warn: (message: string) => void
}

/** A piece cache that is connected with other machines. */
export interface OpenShare {
  readonly link: RedisLink
  /** Adopts digests of content. */
  readonly adopt: NonNullable<CacheAccess['adopt']>
}

/**
 * Connects a piece cache with other machines until it is closed. Removes what they revoked. Never
 * fails: without Redis nothing is adopted. The scripts are for further use of the link.
 */
export async function openShare(
  access: CacheAccess,
  request: ShareRequest,
  { scripts, warn }: ShareParts,
): Promise<OpenShare> {
  const { address, check, unusedFor } = request
  const { cache, now } = access
  // A use is noted only that often, and prolongs the life then
  const life = Math.ceil(unusedFor / 1000) + SECONDS_BETWEEN_NOTES
  const link = new RedisLink(address, {
    scripts: { ...COUNT_SCRIPTS, ...RECORD_SCRIPTS, ...scripts },
    warn,
  })
  const store = new SharedStore(link, life)
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
  return { link, adopt: (adoption) => adoptDigests(adoption, access, { shared, check }) }
}
