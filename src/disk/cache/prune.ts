import { removeRecords, summarize, type CacheSummary } from './maintain.js'
import { cacheSize, removeUnusable, withCache, type CachePlace } from './open.js'
import { dayOf } from './records/record.js'

const DAY_MS = 86_400_000

/** The records and files that were removed. */
export interface PruneReport {
  readonly records: number
  /** Number of damaged caches that were set aside, and of caches of an older btkit. */
  readonly damagedFiles: number
}

/**
 * Removes records that were unused for long, then records above the size limit, and caches that are
 * not used: damaged ones, and that of an older btkit. `unusedFor` is in milliseconds. `maxSize` is
 * in bytes; undefined is no limit. With `dryRun` it only counts.
 * @throws BtkitError `not-permitted` if other users could replace the files, `interrupted`; Error
 *   of the system if a file cannot be removed
 */
export async function pruneCache(
  place: CachePlace,
  unusedFor: number,
  maxSize: number | undefined,
  dryRun = false,
): Promise<PruneReport> {
  const { signal } = place
  const limits = { before: dayOf(place.now() - unusedFor), maxBytes: maxSize }
  const records = await withCache(place, ({ store }) =>
    removeRecords(store, limits, { signal, dryRun }),
  )
  return { records, damagedFiles: removeUnusable(place.directory, dryRun) }
}

/** Summary of a cache's content. */
export interface CacheReport extends Omit<CacheSummary, 'oldest'> {
  readonly directory: string
  /** Size of the cache's file in bytes. */
  readonly size: number
  /** The last use of the record that was unused for the longest time, such as 2026-11-20. */
  readonly oldest: string | null
}

/**
 * Summarizes a cache.
 * @throws BtkitError `interrupted`
 */
export async function summarizeCache(place: CachePlace): Promise<CacheReport> {
  const { directory, signal } = place
  const size = cacheSize(directory) ?? 0
  const { oldest, ...summary } = await withCache(place, ({ store }) => summarize(store, signal))
  return { directory, size, ...summary, oldest: oldest === null ? null : dateOf(oldest) }
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
