import { refuseAborted } from '../errors.js'

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
