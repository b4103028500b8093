import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import { reserveLength } from './disk-space.js'
import { LOCK_LOOK, LOCK_PATIENCE, lockedError, WriteLock } from './write-lock.js'
import { loadNative } from '../../native-addon.js'

/** The native addon; null if it is missing. */
const addon = loadNative<PagesAddon>('releasePages')

/** LMDB's statistics of a file. The page counts are those of the tree of records. */
export interface LmdbStats {
  readonly entryCount: number
  readonly treeDepth: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly pageSize: number
  readonly lastPageNumber: number
  readonly lastTxnId: number
}

export type Database = RootDatabase<Uint8Array, Uint8Array>

/** A record to set, or with a null value to remove. */
interface Change {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Limits of waiting changes: number, bytes, and time in milliseconds. */
const MAX_CHANGES = 1000
const MAX_BYTES = 1024 * 1024
const MAX_WAIT = 20

/**
 * Number of transactions between two releases of mapped pages. A release takes as long as a small
 * transaction.
 */
const WRITES_PER_RELEASE = 16

/** `full`: no space, nothing can be written. `failed`: nothing can be relied on. */
type Failure = 'full' | 'failed'

/** A transaction may lengthen a sound file at most by the file's size plus this, in bytes. */
const MAX_GROWTH = 256 * 1024 * 1024

interface BatchWriterParts {
  readonly database: Database
  readonly path: string
  /** Receives one error if nothing can be written any more. */
  readonly onFailure: (error: unknown) => void
  /** Called before each transaction. */
  readonly beforeWrite: () => void
}

/**
 * Collects changes, and writes them to an LMDB file in transactions on this thread.
 *
 * A failed write inside LMDB damages its memory, and the next one can abort the process. Therefore
 * the file is lengthened first, while the transaction keeps other writers out. LMDB then writes
 * only to disk blocks that the file already has. If LMDB fails even so, it is not called again.
 *
 * LMDB's own writer thread is not used, because after a failure its promises can stay pending.
 */
export class BatchWriter {
  /** A descriptor of the database's file, for operations that LMDB does not offer. */
  readonly #file: number
  readonly #lock: WriteLock
  /**
   * When another process was first seen with the lock, on the clock of `performance`; null if none
   * has it.
   */
  #lockedSince: number | null = null
  #changes: Change[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #writes = 0
  #state: 'sound' | Failure | 'closed' = 'sound'

  constructor(private readonly parts: BatchWriterParts) {
    this.#file = openSync(parts.path, 'r+')
    this.#lock = new WriteLock(parts.path)
  }

  /** Whether the database can be read. */
  get isReadable(): boolean {
    return this.#state === 'sound' || this.#state === 'full'
  }

  /** Number of transactions that changed something. */
  get writes(): number {
    return this.#writes
  }

  /**
   * Calls a function that reads. If it fails, returns undefined and ends all reading and writing.
   */
  read<T>(read: () => T): T | undefined {
    if (!this.isReadable) return undefined
    try {
      return read()
    } catch (error) {
      this.#giveUp('failed', error)
      return undefined
    }
  }

  /** Queues a change. Its bytes must not change until it is written. */
  add(change: Change): void {
    if (this.#state !== 'sound') return
    this.#changes.push(change)
    this.#bytes += change.key.length + (change.value?.length ?? 0)
    if (this.#changes.length >= MAX_CHANGES || this.#bytes >= MAX_BYTES) this.write()
    else
      this.#timer ??= setTimeout(() => {
        this.write()
      }, MAX_WAIT)
  }

  /**
   * Writes all queued changes. If another process has the lock, writes later: this thread never
   * waits for it. Written changes survive a kill, but perhaps not a power failure.
   */
  write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#changes.length === 0 || this.#state !== 'sound' || this.#isLocked()) return
    const changes = this.#changes
    this.#changes = []
    this.#bytes = 0
    this.parts.beforeWrite()
    this.#attempt((lengthen) => {
      const length = bytesNeeded(changes, this.#stats())
      this.#checkLength(length)
      lengthen(length)
      for (const { key, value } of changes) this.#apply(key, value)
      this.#writes++
    })
    // Otherwise the pages that were read and written would count as memory of this process
    if (this.#writes % WRITES_PER_RELEASE === 0) releasePages(this.parts.path)
  }

  /** Writes all queued changes. Waits while another process has the lock. */
  async flush(): Promise<void> {
    this.write()
    while (this.#changes.length > 0) {
      await wait(LOCK_LOOK)
      this.write()
    }
  }

  /** Writes all queued changes, and closes the file. */
  async close(): Promise<void> {
    await this.flush()
    if (this.#state === 'closed') return
    const isWritten = this.#state === 'sound' && this.#writes > 0
    if (isWritten && !this.#isLocked()) this.#attempt(this.#shorten.bind(this))
    clearTimeout(this.#timer)
    // After a failed write LMDB must not be asked to close the file
    if (this.isReadable) await this.parts.database.close()
    this.#state = 'closed'
    closeSync(this.#file)
  }

  /** Whether another process has the lock. If it holds the lock for too long, all writing ends. */
  #isLocked(): boolean {
    const holder = this.#lock.holder()
    if (holder === null) {
      this.#lockedSince = null
      return false
    }
    const now = performance.now()
    this.#lockedSince ??= now
    if (now - this.#lockedSince >= LOCK_PATIENCE) this.#giveUp('full', lockedError(holder))
    else
      this.#timer ??= setTimeout(() => {
        this.write()
      }, LOCK_LOOK)
    return true
  }

  /** Runs a transaction. `work` may lengthen the file before its first change. */
  #attempt(work: (lengthen: (length: number) => void) => void): void {
    const { database, path } = this.parts
    // If lengthening the file fails, LMDB stays sound; after any other error it does not
    let blame: Failure = 'failed'
    const lengthen = (length: number) => {
      blame = 'full'
      reserveLength(this.#file, length, dirname(path))
      blame = 'failed'
    }
    try {
      database.transactionSync(() => {
        work(lengthen)
      })
    } catch (error) {
      this.#giveUp(blame, error)
    }
  }

  #giveUp(failure: Failure, error: unknown): void {
    clearTimeout(this.#timer)
    this.#state = failure
    this.#changes = []
    this.parts.onFailure(error)
  }

  /** A damaged file may claim any length; that must not fill the disk. */
  #checkLength(length: number): void {
    const { size } = fstatSync(this.#file)
    if (length > 2 * size + MAX_GROWTH) throw new Error('damaged')
  }

  #apply(key: Uint8Array, value: Uint8Array | null): void {
    const { database } = this.parts
    if (value) database.putSync(key, value)
    else database.removeSync(key)
  }

  /** Shortens the file by the space that was reserved in advance. */
  #shorten(): void {
    const { lastPageNumber, pageSize } = this.#stats()
    try {
      ftruncateSync(this.#file, (lastPageNumber + 1) * pageSize)
    } catch {
      // Windows cannot shorten a mapped file; the extra length is harmless
    }
  }

  #stats(): LmdbStats {
    return this.parts.database.getStats() as LmdbStats
  }
}

/** Bytes that LMDB stores beside a record. */
const RECORD_OVERHEAD = 16

/** Additional pages that a transaction may need. */
const SPARE_PAGES = 32

/**
 * Returns the length in bytes that the file may have after changes, if no free page can be reused.
 */
function bytesNeeded(changes: readonly Change[], stats: LmdbStats): number {
  const { treeDepth, treeBranchPageCount, treeLeafPageCount, lastPageNumber, pageSize } = stats
  // All pages between the root and a changed record are rewritten, and may be split
  const copied = Math.min(changes.length * (treeDepth + 1), treeBranchPageCount + treeLeafPageCount)
  let added = 0
  for (const { key, value } of changes) {
    const length = key.length + (value?.length ?? 0) + RECORD_OVERHEAD
    // Long records have pages of their own; a page of short ones is half full after a split
    added += length > pageSize / 2 ? Math.ceil(length / pageSize) + 1 : (4 * length) / pageSize
  }
  // The list of free pages is also stored in pages, with eight bytes for each
  const free = lastPageNumber / (pageSize / 8)
  const pages = 2 * copied + added + free + SPARE_PAGES
  return (lastPageNumber + 1 + Math.ceil(pages)) * pageSize
}

/** The native addon's functions for mapped files; native/release_pages.h has the contract. */
interface PagesAddon {
  releasePages(path: string): void
}

/**
 * Releases the memory that LMDB mapped of its file, as far as possible, so that it no longer counts
 * for this process. The file stays readable.
 */
function releasePages(path: string): void {
  addon?.releasePages(path)
}
