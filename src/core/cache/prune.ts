import { removeUnused, shrinkTo, summarize, type CacheSummary } from '../../cache/maintain.js'
import { removeCache, removeDamaged, cacheSize } from '../../cache/open.js'
import { dayOf } from '../../cache/records/record.js'
import { withCache } from './access.js'
import type { CachePlace } from './access.js'

const DAY_MS = 86_400_000

/** What is to leave a cache. */
interface PruneRequest {
  /** Milliseconds after which a record that was not used leaves. */
  readonly unusedFor: number
  /** Bytes that the records may take up after that; no limit when undefined. */
  readonly maxSize: number | undefined
}

/** What was removed from a cache. */
interface PruneReport {
  readonly records: number
  /** Files of damaged caches that were set aside. */
  readonly damagedFiles: number
}

/**
 * Removes records that were not used for long, then those that are beyond a size, and damaged
 * caches that were set aside.
 * @throws BtkitError `not-permitted` where others could swap the files; Error of the system when a
 *   file that was set aside can't be removed
 */
export async function pruneCache(
  place: CachePlace,
  { unusedFor, maxSize }: PruneRequest,
): Promise<PruneReport> {
  const before = dayOf(place.now() - unusedFor)
  const records = await withCache(place, async ({ store }) => {
    const unused = await removeUnused(store, before)
    await store.flush()
    return unused + (maxSize === undefined ? 0 : await shrinkTo(store, maxSize))
  })
  return { records, damagedFiles: removeDamaged(place.directory) }
}

/**
 * Removes a cache, and damaged ones that were set aside. Whoever has it open works on with what it
 * was. Returns whether there was any.
 * @throws BtkitError `not-permitted` where others could swap the files; Error of the system when a
 *   file can't be removed
 */
export function clearCache(directory: string): boolean {
  return removeCache(directory)
}

/** What is in a cache. */
export interface CacheReport extends Omit<CacheSummary, 'oldest'> {
  readonly directory: string
  /** Bytes of the cache's file. */
  readonly size: number
  /** The day on which the record longest out of use was last used, such as 2026-11-20. */
  readonly oldest: string | null
}

/** Looks through the cache in a place. */
export async function summarizeCache(place: CachePlace): Promise<CacheReport> {
  const { directory } = place
  const size = cacheSize(directory) ?? 0
  const { oldest, ...summary } = await withCache(place, ({ store }) => summarize(store))
  return { directory, size, ...summary, oldest: oldest === null ? null : dateOf(oldest) }
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
