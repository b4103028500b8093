import { appendFileSync, closeSync, existsSync, fstatSync, futimesSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import { requireFreeSpace } from './place.js'
import { latin1 } from '../../../base/bytes.js'
import { monotonicNow } from '../../../base/process.js'
import type { Store, StoreState } from './store.js'
import type { ByteLocks } from '../../write/locks.js'

export type Database = RootDatabase<Uint8Array, Uint8Array>

/** LMDB's statistics of a file. The page counts are those of the tree of records. */
export interface LmdbStats {
  readonly entryCount: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly pageSize: number
  readonly lastPageNumber: number
}

/**
 * Milliseconds to wait while another process writes: at the start, in `flush`, and in `close`; and
 * until a disk that was full is looked at again for a change.
 */
export const PATIENCE = { open: 10_000, flush: 1000, close: 10_000, full: 60_000 }

/** A record to set, or with a null value to remove. */
interface RecordChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Waiting changes, by their keys as text. */
class Changes extends Map<string, RecordChange> {
  bytes = 0

  add(change: RecordChange): void {
    this.bytes += change.key.length + (change.value?.length ?? 0)
    this.set(latin1(change.key), change)
  }
}

/**
 * Limits of waiting changes: number, bytes, and time in milliseconds. Each write is synced. A kill
 * loses the hashes of this time.
 */
const MAX_CHANGES = 10_000
const MAX_BYTES = 4 * 1024 * 1024
const MAX_WAIT = 1000

/** Pages for the list of free pages, which changes with each write. */
const FREE_LIST = 16

/** Bytes that make a file longer. */
const ZEROS = new Uint8Array(64 * 1024)

/** Bytes of changes that wait while nothing can be written. Later ones are lost: hashed again. */
const MAX_WAITING = 64 * 1024 * 1024

/**
 * The byte of the file that a process locks to write, beyond the end of any file. LMDB has a lock for that,
 * too, but waits for it without end: a process that is stopped while it writes would stop all others.
 * Without the native addon only LMDB's lock is there.
 */
export const WRITERS = 2 ** 52

/** Receives the new state of a store, and why it is not used any more (null if it is). */
export type StoreListener = (reason: unknown, state: StoreState) => void

/**
 * A store in an open database. Collects changes, and lets a thread of LMDB write them in transactions: one
 * sync for many changes. This thread waits for neither the disk nor other processes.
 *
 * A failed write inside LMDB damages its memory, and the next call can abort the process. Therefore
 * the file gets its length before a write, and after a failure LMDB is not called again. A full disk
 * is no failure: changes are lost until it has space.
 */
export class LmdbStore implements Store {
  /** Called when the file is closed. */
  onClose: (() => void) | null = null
  /** Number of transactions. */
  #writes = 0
  #changes = new Changes()
  /** The changes of the transaction under way. */
  #written = new Changes()
  #writing: Promise<void> | null = null
  /** Whether another process kept the lock when it was last wanted. */
  #isLocked = false
  #timer: NodeJS.Timeout | undefined
  /** When a change last looked at the full disk. */
  #lookedAt = 0
  #state: 'sound' | 'full' | 'failed' | 'closed' = 'sound'
  /** The file that is open in LMDB, whatever is at its path now. */
  readonly #file: number

  constructor(
    private readonly database: Database,
    private readonly path: string,
    private readonly lock: ByteLocks | null,
    private readonly onChange: StoreListener,
    private readonly patience: typeof PATIENCE,
  ) {
    this.#file = openSync(path, 'a')
    this.#settle()
    const why = this.#whyFull(0)
    if (why !== null) this.#giveUp('full', why)
    // The statistics began to read: the next reads must see what others write meanwhile
    database.resetReadTxn()
  }

  /** Sets the time by which the next process knows that nothing else wrote to the file. */
  #settle(): void {
    const seconds = Math.floor(Date.now() / 1000)
    futimesSync(this.#file, seconds, seconds)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const name = this.#changes.size + this.#written.size > 0 ? latin1(key) : null
    const waiting = name === null ? null : (this.#changes.get(name) ?? this.#written.get(name))
    if (waiting) return waiting.value ?? undefined
    const bytes = this.#read(() => this.database.getBinaryFast(key))
    // LMDB reuses this buffer, and a property hides its real length from JavaScript
    return bytes && Uint8Array.prototype.subarray.call(bytes, 0, bytes.length)
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#add({ key, value })
  }

  remove(key: Uint8Array): void {
    this.#add({ key, value: null })
  }

  count(): number {
    return this.#stats()?.entryCount ?? 0
  }

  usedBytes(): number {
    const stats = this.#stats()
    if (!stats) return 0
    const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = stats
    return (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize
  }

  #stats(): LmdbStats | undefined {
    return this.#read(() => this.database.getStats() as LmdbStats)
  }

  /** Yields all records from a key on. After each write it starts again behind the last record. */
  *entries(from?: Uint8Array) {
    let start = from && Buffer.from(from)
    for (let isDone = false; !isDone && this.#isReadable;) {
      const writes = this.#writes
      isDone = true
      try {
        for (const entry of this.database.getRange({ ...(start && { start }), snapshot: false })) {
          // The smallest key after this one
          start = Buffer.concat([entry.key, Buffer.of(0)])
          yield entry
          isDone = writes === this.#writes
          if (!isDone) break
        }
      } catch (error) {
        this.#giveUp('failed', error)
      }
    }
  }

  get #isReadable(): boolean {
    return this.#state === 'sound' || this.#state === 'full'
  }

  /** Looks at the disk again if it was full: a large batch must have space. */
  state(): StoreState {
    if (this.#state === 'full' && this.#whyFull(2 * MAX_BYTES) === null) {
      this.#state = 'sound'
      this.onChange(null, 'used')
    }
    if (this.#state === 'full') return 'full'
    // A removed file loses all that is written
    if (!existsSync(this.path)) return 'off'
    return this.#state === 'sound' ? 'used' : 'off'
  }

  /** Calls a function that reads. If it fails, returns undefined and ends all reading and writing. */
  #read<T>(read: () => T): T | undefined {
    if (!this.#isReadable) return undefined
    try {
      return read()
    } catch (error) {
      this.#giveUp('failed', error)
      return undefined
    }
  }

  /** Queues a change. Its bytes must not change until it is written. */
  #add(change: RecordChange): void {
    if (this.#state === 'full' && monotonicNow() - this.#lookedAt >= this.patience.full) {
      this.#lookedAt = monotonicNow()
      this.state()
    }
    if (this.#state !== 'sound' || this.#changes.bytes >= MAX_WAITING) return
    this.#changes.add(change)
    const isMuch = this.#changes.size >= MAX_CHANGES || this.#changes.bytes >= MAX_BYTES
    if (isMuch && !this.#isLocked) void this.#write()
    else this.#writeLater()
  }

  /**
   * Writes all queued changes. Resolves when that is done, or after a while; at once if another process has
   * kept the lock for long.
   */
  async flush(): Promise<void> {
    if (this.#isLocked) void this.#write()
    else await Promise.race([this.#write(), pause(this.patience.flush, null, { ref: false })])
  }

  /** Writes all queued changes, and closes the file. Gives up after so many milliseconds. */
  async close(patience = this.patience.close): Promise<void> {
    if (this.#state === 'closed') return
    const end = pause(patience, null, { ref: false })
    // A write under way may have given up the lock
    for (let i = 0; i < 2; i++) await Promise.race([this.#write(patience), end])
    clearTimeout(this.#timer)
    if (this.#hasWork) this.#giveUp('failed', new Error('another process keeps it locked'))
    const isReadable = this.#isReadable
    this.#state = 'closed'
    // After a failed write LMDB must not be asked to close the file, and a write under way still uses it
    if (isReadable) {
      await this.database.close()
      closeSync(this.#file)
    }
    this.lock?.close()
    this.onClose?.()
  }

  get #hasWork(): boolean {
    return this.#state === 'sound' && this.#changes.size + this.#written.size > 0
  }

  #writeLater(): void {
    this.#timer ??= setTimeout(() => {
      void this.#write()
    }, MAX_WAIT)
  }

  /** Writes until nothing waits. If the lock is held, tries again later. */
  #write(patience = this.#isLocked ? 0 : MAX_WAIT): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing ??= this.#writeAll(patience).finally(() => {
      this.#writing = null
      if (this.#hasWork) this.#writeLater()
    })
    return this.#writing
  }

  async #writeAll(patience: number): Promise<void> {
    const { lock } = this
    while (this.#changes.size > 0 && this.#state === 'sound') {
      this.#isLocked = (await lock?.take(WRITERS, patience)) === false
      if (this.#isLocked) return
      await this.#writeBatch()
      lock?.unlock(WRITERS)
    }
  }

  async #writeBatch(): Promise<void> {
    this.#written = this.#changes
    this.#changes = new Changes()
    const why = this.#whyFull(this.#needOf(this.#written))
    if (why !== null) this.#giveUp('full', why)
    if (this.#state !== 'sound') return
    try {
      await this.database.batch(() => {
        for (const { key, value } of this.#written.values()) {
          if (value) void this.database.put(key, value)
          else void this.database.remove(key)
        }
      })
      this.#settle()
      this.#writes++
      this.#written = new Changes()
    } catch (error) {
      this.#giveUp('failed', await causeOf(error))
    }
  }

  /**
   * Bytes that LMDB may write for changes. It copies each page of the tree that changes, and fills the half
   * of a page at least.
   */
  #needOf({ size, bytes }: Changes): number {
    const stats = this.#stats()
    if (!stats) return 0
    const pages = Math.min(size, stats.treeLeafPageCount) + stats.treeBranchPageCount
    return 2 * bytes + (pages + FREE_LIST) * stats.pageSize
  }

  /** Gives the file so many bytes for a write. Returns the error if that is impossible, or null. */
  #whyFull(bytes: number): unknown {
    try {
      requireFreeSpace(dirname(this.path), bytes)
      const { lastPageNumber = -1, pageSize = 0 } = this.#stats() ?? {}
      const end = (lastPageNumber + 1) * pageSize + bytes
      const { size } = fstatSync(this.#file)
      for (let at = size; at < end; at += ZEROS.length)
        appendFileSync(this.#file, ZEROS.subarray(0, end - at))
      return null
    } catch (error) {
      return error
    }
  }

  #giveUp(failure: 'full' | 'failed', error: unknown): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#state = failure
    this.#lookedAt = monotonicNow()
    this.#changes = new Changes()
    this.#written = new Changes()
    this.onChange(error, failure === 'full' ? 'full' : 'off')
  }
}

/** LMDB keeps the reason of a failed transaction in a promise that rejects. */
function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> }
  return Promise.resolve(commitError ?? error).catch((cause: unknown) => cause)
}
