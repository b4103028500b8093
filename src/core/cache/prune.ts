import { removeUnused, shrinkTo, summarize, type CacheSummary } from '../../disk/cache/maintain.js'
import { removeDamaged, cacheSize } from '../../disk/cache/open.js'
import { dayOf } from '../../disk/cache/records/record.js'
import { withCache, type CachePlace } from './access.js'
import { nullStore, type Store } from '../../disk/cache/store/store.js'

export { removeCache as clearCache } from '../../disk/cache/open.js'

const DAY_MS = 86_400_000

/** The records and files that were removed. */
export interface PruneReport {
  readonly records: number
  /** Number of files of damaged caches that were set aside. */
  readonly damagedFiles: number
}

/**
 * Removes records that were unused for long, then records above the size limit, and damaged caches
 * that were set aside. `unusedFor` is in milliseconds. `maxSize` is in bytes; undefined is no limit.
 * With `dryRun` it only counts.
 * @throws BtkitError `not-permitted` if other users could replace the files, `interrupted`; Error of
 *   the system if a file cannot be removed
 */
export async function pruneCache(
  place: CachePlace,
  unusedFor: number,
  maxSize: number | undefined,
  dryRun = false,
): Promise<PruneReport> {
  const { signal } = place
  const before = dayOf(place.now() - unusedFor)
  const records = await withCache(place, async (cache) => {
    const store = dryRun ? unchanged(cache.store) : cache.store
    const unused = await removeUnused(store, before, signal)
    await store.flush()
    const removed = unused + (maxSize === undefined ? 0 : await shrinkTo(store, maxSize, signal))
    await store.flush()
    // A full disk keeps all records
    return dryRun || store.state() === 'used' ? removed : 0
  })
  return { records, damagedFiles: removeDamaged(place.directory, dryRun) }
}

/** A store that hides what is removed, and changes nothing. */
function unchanged(store: Store): Store {
  const removed = new Set<string>()
  const textOf = (key: Uint8Array) => Buffer.from(key).toString('latin1')
  return {
    ...nullStore,
    usedBytes: () => store.usedBytes(),
    remove: (key) => {
      removed.add(textOf(key))
    },
    *entries(from) {
      for (const entry of store.entries(from)) if (!removed.has(textOf(entry.key))) yield entry
    },
  }
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
