import { removeUnused, shrinkTo } from '../../cache/maintain.js'
import { startPeriodicTasks } from '../../server/lifecycle/periodic-tasks.js'
import { dayOf } from '../../cache/records/record.js'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import type { TrackerSource } from '../torrents/trackers.js'
import type { ServerContext } from '../../server/context.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/**
 * Shares of its limit to which the cache is reduced, so that this is not necessary each minute. The
 * next share is used while the pages of records take up more than the records.
 */
const SHRUNK = [0.9, 0.7, 0.5]

export interface PeriodicTaskParts extends Pick<ServerContext, 'warn' | 'onError'> {
  readonly trackers: TrackerSource
  readonly cacheAccess: CacheAccess
  /** Milliseconds after which unused records are removed from the cache. */
  readonly unusedFor: number
  /** Most bytes of the cache; null for no limit. */
  readonly cacheMaxSize: number | null
  /** The cache's directory, and the size of its file in bytes: 0 if it is missing. */
  readonly cacheDirectory: string | null
  readonly cacheSize: () => Promise<number>
}

/**
 * Starts the periodic tasks. Each minute it checks the trackers, the cache's size and whether its
 * file exists. Each day it prunes the cache. Returns a function that ends them.
 */
export function startMirrorTasks(parts: PeriodicTaskParts): () => Promise<void> {
  const { trackers, cacheAccess, unusedFor, onError } = parts
  const prune = () => removeUnused(cacheAccess.cache.store, dayOf(cacheAccess.now() - unusedFor))
  let wasThere = true
  const look = async () => {
    const isThere = cacheAccess.cache.store.usedBytes() === 0 || (await parts.cacheSize()) > 0
    if (wasThere && !isThere) parts.warn(removedText(parts.cacheDirectory ?? ''))
    wasThere = isThere
  }
  const tasks = [
    { act: () => trackers.refresh(), period: MINUTE },
    { act: () => keepSmall(parts), period: MINUTE },
    { act: look, period: MINUTE },
    { act: prune, period: DAY },
  ]
  prune().catch(onError)
  return startPeriodicTasks(tasks, onError)
}

function removedText(directory: string): string {
  return `cache ${directory}: removed while in use; restart to create it again`
}

/** Reduces a cache that is too large: sets are removed first, digests of files last. */
async function keepSmall({ cacheAccess, cacheMaxSize }: PeriodicTaskParts): Promise<void> {
  const { store } = cacheAccess.cache
  for (const share of SHRUNK) {
    if (cacheMaxSize === null || store.usedBytes() <= cacheMaxSize) return
    await shrinkTo(store, share * cacheMaxSize)
    await store.flush()
  }
}
