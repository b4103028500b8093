import { removeUnused, shrinkTo } from '../../cache/maintain.js'
import { startPeriodicTasks } from '../../server/lifecycle/periodic-tasks.js'
import { dayOf } from '../../cache/records/record.js'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import type { ServerContext } from '../../server/context.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * To what share of its limit the cache is made smaller, so that that is not done each minute; then
 * to which, while the pages that records lie in take up more than the records.
 */
const SHRUNK = [0.9, 0.7, 0.5]

export interface PeriodicTaskParts extends Pick<ServerContext, 'warn' | 'onError'> {
  readonly trackers: TrackerSource
  readonly cacheAccess: CacheAccess
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  /** Bytes that the cache may take up; null for any number. */
  readonly cacheMaxSize: number | null
  /** Finds out what sets are in the cache, so that they can be bounded. */
  readonly loadSets: () => Promise<void>
  /** Where the cache is, and the bytes of its file: 0 when it is not there. */
  readonly cacheDirectory: string
  readonly cacheSize: () => Promise<number>
}

/**
 * Starts the periodic tasks: each minute a look at the trackers, at the size of the cache and whether
 * it is there; each hour at the sets in it; each day it is pruned. Returns what ends them.
 */
export function startMirrorTasks(parts: PeriodicTaskParts): () => Promise<void> {
  const { trackers, cacheAccess, unusedFor, loadSets, onError } = parts
  const prune = () => removeUnused(cacheAccess.cache.store, dayOf(cacheAccess.now() - unusedFor))
  let wasThere = true
  const look = async () => {
    const isThere = cacheAccess.cache.store.usedBytes() === 0 || (await parts.cacheSize()) > 0
    if (wasThere && !isThere) parts.warn(removedText(parts.cacheDirectory))
    wasThere = isThere
  }
  const tasks = [
    { act: () => trackers.refresh(), period: MINUTE },
    { act: () => keepSmall(parts), period: MINUTE },
    { act: look, period: MINUTE },
    { act: loadSets, period: HOUR },
    { act: prune, period: DAY },
  ]
  for (const act of [loadSets, prune]) act().catch(onError)
  return startPeriodicTasks(tasks, onError)
}

function removedText(directory: string): string {
  return `cache ${directory}: removed while in use, and used until the end; restart to create it again`
}

/** Makes the cache smaller when it is too large: sets leave it first, digests of files last. */
async function keepSmall({ cacheAccess, cacheMaxSize }: PeriodicTaskParts): Promise<void> {
  const { store } = cacheAccess.cache
  for (const share of SHRUNK) {
    if (cacheMaxSize === null || store.usedBytes() <= cacheMaxSize) return
    await shrinkTo(store, share * cacheMaxSize)
    await store.flush()
  }
}
