import { removeUnused } from '../../cache/maintain.js'
import { dayOf } from '../../cache/records/record.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import type { TrackerSource } from '../torrents/tracker-source.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export interface PeriodicTaskParts {
  readonly trackers: TrackerSource
  readonly cacheAccess: CacheAccess
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  readonly onError: (error: unknown) => void
}

/** Starts the periodic tasks: looks at the trackers each minute, prunes the cache each day. */
export function startPeriodicTasks({
  trackers,
  cacheAccess,
  unusedFor,
  onError,
}: PeriodicTaskParts): () => void {
  const prune = () => removeUnused(cacheAccess.cache.store, dayOf(cacheAccess.now() - unusedFor))
  const timers = [
    setInterval(() => void trackers.refresh().catch(onError), MINUTE),
    setInterval(() => void prune().catch(onError), DAY),
  ]
  for (const timer of timers) timer.unref()
  prune().catch(onError)
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}
