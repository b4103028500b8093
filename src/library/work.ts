import { availableParallelism } from 'node:os'
import type { HashContext } from '../core/digests/hash-content.js'
import { openNullCache } from '../cache/piece-cache.js'
import { createThrottle } from '../hash/jobs/throttle.js'
import { chooseKernel } from '../hash/kernels/choose.js'
import { accessOf, type Cache } from './cache.js'
import type { TaskOptions, TellProgress } from './task.js'

/** Options of all work that hashes files. */
export interface WorkOptions extends TaskOptions {
  /** Threads that read and hash (default: one for each processor). */
  readonly threads?: number | undefined
  /** Limit of the read rate, in bytes a second (default: unlimited). */
  readonly maxRate?: number | undefined
  /** The piece cache, from openCache (default: none). */
  readonly cache?: Cache | undefined
}

/** The context in which core hashes; `bytesTotal` is for progress. */
export function hashContextOf(
  options: WorkOptions,
  { signal, tell, bytesTotal }: Running,
): HashContext {
  const { threads = availableParallelism(), maxRate, cache } = options
  return {
    engine: {
      kernel: chooseKernel().name,
      threads,
      throttle: maxRate === undefined ? undefined : createThrottle(maxRate),
      signal,
      onProgress: ({ bytesDone, currentPath }) => {
        tell({ bytesDone, bytesTotal: bytesTotal(), path: currentPath })
      },
    },
    cacheAccess: cache
      ? accessOf(cache)
      : { cache: openNullCache(), trust: 'full', now: () => Date.now() },
  }
}

/**
 * Hashes with the cache of a task. When the work ends, in whatever way, other processes find what
 * was hashed.
 */
export async function withHashContext<T>(
  options: WorkOptions,
  running: Running,
  work: (context: HashContext) => Promise<T>,
): Promise<T> {
  const context = hashContextOf(options, running)
  try {
    return await work(context)
  } finally {
    await context.cacheAccess.cache.flush()
  }
}

/** A task that is running. */
export interface Running {
  readonly signal: AbortSignal
  readonly tell: TellProgress
  /** The bytes that the task will hash in all. */
  readonly bytesTotal: () => number
}
