import { availableParallelism } from 'node:os'
import { openNullCache } from '../disk/cache/piece-cache.js'
import type { HashContext } from '../core/digests/hash-content.js'
import type { Reading } from '../core/make/make-group.js'
import { refuseAborted } from '../base/errors.js'
import { createThrottle } from '../disk/hash/jobs/job.js'
import { accessOf, type Cache } from './cache.js'
import { requirePositive } from '../base/require.js'

/** How far work on files has come. */
export interface Progress {
  /** Bytes hashed so far. */
  readonly bytesDone: number
  /** Bytes to hash in all. Digests that the cache has are not computed again. */
  readonly bytesTotal: number
  /** A file that is being read. */
  readonly path: string
}

/** Options of all work that takes long. */
export interface TaskOptions {
  /** Ends the work when it aborts: the promise rejects with BtkitError `interrupted`. */
  readonly signal?: AbortSignal | undefined
  /** Called about ten times a second while files are read. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Work that has begun: a promise of its result, and an async iterable of its progress. A reader
 * that is slow sees the latest progress only. Iteration ends when the work does, and throws if the
 * work fails.
 */
export interface Task<T> extends Promise<T>, AsyncIterable<Progress> {}

/** Receives the progress of work. */
export type TellProgress = (progress: Progress) => void

/** Starts work in the next microtask. */
export function startTask<T>(
  { signal = new AbortController().signal, onProgress }: TaskOptions,
  work: (signal: AbortSignal, tell: TellProgress) => Promise<T>,
): Task<T> {
  const latest = new LatestProgress()
  const tell: TellProgress = (progress) => {
    onProgress?.(progress)
    latest.put(progress)
  }
  const run = async (): Promise<T> => {
    await Promise.resolve()
    try {
      refuseAborted(signal)
      return await work(signal, tell)
    } finally {
      latest.end()
    }
  }
  const promise = run()
  const iterate = () => latest.follow(promise)
  return Object.assign(promise, { [Symbol.asyncIterator]: iterate })
}

/** The latest progress of a task, for any number of readers. */
class LatestProgress {
  #latest: Progress | null = null
  #isDone = false
  #wake: () => void = () => undefined
  #changed = this.#nextChange()

  put(progress: Progress): void {
    this.#latest = progress
    this.#tellReaders()
  }

  end(): void {
    this.#isDone = true
    this.#tellReaders()
  }

  async *follow(result: Promise<unknown>): AsyncGenerator<Progress, void> {
    let seen: Progress | null = null
    for (;;) {
      if (this.#latest !== null && this.#latest !== seen) yield (seen = this.#latest)
      else if (this.#isDone) break
      else await this.#changed
    }
    await result
  }

  #tellReaders(): void {
    this.#wake()
    this.#changed = this.#nextChange()
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

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
  requirePositive(threads, 'threads')
  requirePositive(maxRate, 'maxRate')
  return {
    engine: {
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

/** Reads with the cache of a task, and tells at the end that all of `path` was read. */
export function readingOf(
  options: WorkOptions,
  { path, ...running }: Omit<Running, 'bytesTotal'> & { readonly path: string },
): Reading {
  return async (total, work) => {
    const bytesTotal = total ?? 0
    const done = await withHashContext(options, { ...running, bytesTotal: () => bytesTotal }, work)
    running.tell({ bytesDone: bytesTotal, bytesTotal, path })
    return done
  }
}

/** A task that is running. */
export interface Running {
  readonly signal: AbortSignal
  readonly tell: TellProgress
  /** The bytes that the task will hash in all. */
  readonly bytesTotal: () => number
}
