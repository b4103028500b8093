import { removeUnused } from '../../cache/maintain.js'
import { removeCache, removeDamaged } from '../../cache/open.js'
import { dayOf } from '../../cache/records/record.js'
import { withCache, type CachePlace } from './access.js'

/** What was removed from a cache. */
export interface PruneReport {
  readonly records: number
  /** Files of damaged caches that were set aside. */
  readonly damagedFiles: number
}

/** Removes what was not used for so many milliseconds, and damaged caches that were set aside. */
export async function pruneCache(place: CachePlace, unusedFor: number): Promise<PruneReport> {
  const before = dayOf(place.now() - unusedFor)
  const records = await withCache(place, ({ store }) => removeUnused(store, before))
  return { records, damagedFiles: removeDamaged(place.directory) }
}

/**
 * Removes a cache, and damaged ones that were set aside. Whoever has it open works on with what it
 * was.
 * @throws Error of the system when a file can't be removed
 */
export function clearCache(directory: string): void {
  removeCache(directory)
}
