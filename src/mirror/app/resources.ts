import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { removeUnused, shrinkTo } from '../../cache/maintain.js'
import { CACHE_FILE, openCache } from '../../cache/open.js'
import { openNullCache } from '../../cache/piece-cache.js'
import { dayOf } from '../../cache/records/record.js'
import type { CacheAccess, CacheTrust } from '../../core/digests/cache-trust.js'
import type { Engine, HashContext } from '../../core/digests/hash-content.js'
import { withOthers } from '../../fleet/access.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { ServerContext } from '../../server/context.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import type { TrackerSource } from '../torrents/trackers.js'

/** Niceness of the hashing threads, so that the thread that answers requests comes first. */
const NICENESS = 19

/** How a mirror hashes, and where it keeps digests. */
export interface Resources {
  readonly engine: Pick<Engine, 'kernel' | 'threads'>
  /** Null for no cache. */
  readonly cacheDirectory: string | null
  readonly cacheTrust: CacheTrust
  /** The machines to share digests with (default: none). */
  readonly share?: ShareRequest | null | undefined
}

/** Threads and a cache that are open. */
export interface OpenResources {
  readonly hashContext: HashContext
  /** Ends all hashing. */
  readonly interrupt: () => void
  readonly close: () => Promise<void>
  /** Size of the cache's file in bytes; 0 if there is none. */
  readonly cacheSize: () => Promise<number>
}

/** Opens threads and cache. */
export async function openResources(
  { engine, cacheDirectory, cacheTrust, share }: Resources,
  { now, warn }: Pick<ServerContext, 'now' | 'warn'>,
): Promise<OpenResources> {
  const hashing = new AbortController()
  const interrupt = () => {
    hashing.abort()
  }
  const pool = new WorkerPool(NICENESS)
  const cache =
    cacheDirectory === null
      ? openNullCache()
      : await openCache({ directory: cacheDirectory, now, warn })
  const access = { cache, trust: cacheTrust, now, kernel: engine.kernel }
  const hashContext = {
    cacheAccess: await withOthers(access, { directory: cacheDirectory ?? '', share, warn }),
    engine: { ...engine, pool, signal: hashing.signal, isOffloaded: true },
  }
  const close = async () => {
    interrupt()
    await pool.close()
    await cache.close()
  }
  const cacheSize = () =>
    cacheDirectory === null ? Promise.resolve(0) : sizeOf(join(cacheDirectory, CACHE_FILE))
  return { hashContext, interrupt, close, cacheSize }
}

/** The size of a file in bytes; 0 if it cannot be read. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

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
