import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { monotonicNow } from '../../base/process.js'
import type { Database } from './sqlite.js'

/**
 * Limits of the log in bytes and, if the thread is too slow, in pages: then SQLite moves the log in
 * a write. `PAUSE` is the milliseconds between two threads.
 */
const LOG_LIMIT = 8 * 1024 * 1024
const PAUSE = 1000
const MAX_PAGES = 16_384

/**
 * Moves a long log of a cache into its file in another thread. SQLite would do it in a write, which
 * would then take as long as the disk takes to sync.
 */
export class Checkpoints {
  #thread: Worker | null = null
  #startedAt = -Infinity

  constructor(
    private readonly path: string,
    database: Database,
  ) {
    // The log is cut when it was moved: so it is as long as what must be moved
    database.exec(
      `pragma wal_autocheckpoint = ${MAX_PAGES}; pragma journal_size_limit = ${LOG_LIMIT}`,
    )
  }

  /** Starts a thread if the log is long. */
  look(): void {
    if (this.#thread || monotonicNow() < this.#startedAt + PAUSE) return
    const log = statSync(`${this.path}-wal`, { throwIfNoEntry: false })
    if (!log || log.size <= LOG_LIMIT) return
    this.#startedAt = monotonicNow()
    const program = new URL('./checkpoint-thread.js', import.meta.url)
    const thread = new Worker(program, { workerData: resolve(this.path) })
    thread.unref()
    this.#thread = thread
    thread.once('exit', () => (this.#thread = null))
    // A later one may succeed
    thread.once('error', () => undefined)
  }

  /** Resolves when no thread runs: a process that ends one in a call of SQLite crashes. */
  async end(): Promise<void> {
    const thread = this.#thread
    thread?.ref()
    if (thread) await new Promise((resolve) => thread.once('exit', resolve))
  }
}
