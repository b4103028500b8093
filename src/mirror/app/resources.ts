import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CACHE_FILE, openCache } from '../../cache/open.js'
import { openNullCache } from '../../cache/piece-cache.js'
import { withOthers } from '../../fleet/access.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import type { CacheTrust } from '../../core/digests/cache-trust.js'
import type { Engine, HashContext } from '../../core/digests/hash-content.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { ServerContext } from '../../server/context.js'

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
