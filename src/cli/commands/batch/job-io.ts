import type { LazyAccess } from '../../../core/cache/access.js'
import { accessLazyCache, type CacheRequest } from '../../../fleet/access.js'
import { WorkerPool } from '../../../hash/jobs/worker-pool.js'
import type { Io, Output, SharedResources } from '../../io.js'

/** Output that is kept until the job has ended. */
class Kept implements Output {
  readonly #chunks: Buffer[] = []

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk))
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }
}

/** The world of a job: it has no standard input, and its output is kept. */
export function jobIo(io: Io, cwd: string) {
  const [stdout, stderr] = [new Kept(), new Kept()]
  // A job may not take part in the signals of services
  const own: Io = { ...io, stdin: noInput(), stdout, stderr, cwd }
  return { io: own, stdout, stderr }
}

async function* noInput(): AsyncGenerator<Uint8Array> {
  // Nothing comes
}

/** Opens the resources that jobs share. `close` ends them. */
export function openShared(): SharedResources & { readonly close: () => Promise<void> } {
  const caches = new Map<string, LazyAccess>()
  const pool = new WorkerPool()
  const openCache = (request: CacheRequest): LazyAccess => {
    const { isUsed, directory, share, trust } = request
    const key = isUsed ? JSON.stringify([directory, share ? [share, trust] : null]) : ''
    const access = caches.get(key) ?? accessLazyCache(request)
    caches.set(key, access)
    return { ...access, cacheAccess: { ...access.cacheAccess, trust } }
  }
  const close = async () => {
    await pool.close()
    await Promise.all([...caches.values()].map(({ cacheAccess }) => cacheAccess.cache.close()))
  }
  return { pool, openCache, close }
}
