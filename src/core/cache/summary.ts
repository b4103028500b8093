import { summarize, type CacheSummary } from '../../cache/maintain.js'
import { cacheSize } from '../../cache/open.js'
import { withCache } from './access.js'
import type { CachePlace } from './place.js'

/** What is in a cache. */
export interface CacheReport extends Omit<CacheSummary, 'oldest'> {
  readonly directory: string
  /** Bytes of the cache's file. */
  readonly size: number
  /** The day on which the record longest out of use was last used, such as 2026-11-20. */
  readonly oldest: string | null
}

const DAY_MS = 86_400_000

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
