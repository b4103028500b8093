import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import { reserveLength } from './disk-space.js'
import { LOCK_LOOK, LOCK_PATIENCE, lockedError, WriteLock } from './write-lock.js'
import { loadNative } from '../../native-addon.js'

/** The addon; null where it is not built. */
const addon = loadNative<PagesAddon>('releasePages')

/** What LMDB tells of its file; the counts of pages are those of the tree of records. */
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

/** A record to set, or one to remove. */
interface Change {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** How much may wait until it is written, and for how long, in milliseconds. */
const MAX_CHANGES = 1000
const MAX_BYTES = 1024 * 1024
const MAX_WAIT = 20

/** Transactions after which what they looked at is let go; to do so takes as long as a small one. */
const WRITES_PER_RELEASE = 16

/** Nothing can be written for want of space, or nothing can be relied on any more. */
type Failure = 'full' | 'failed'

/** No transaction lengthens a file that is sound by more than its size and this, in bytes. */
const MAX_GROWTH = 256 * 1024 * 1024

interface BatchWriterParts {
  readonly database: Database
  readonly path: string
  /** Hears, once, why nothing is written any more. */
  readonly onFailure: (error: unknown) => void
  /** Called before each transaction. */
  readonly beforeWrite: () => void
}

/**
 * Collects changes, and writes them to an LMDB file in transactions on this thread.
 *
 * A write that fails inside LMDB leaves its memory damaged, and the next one can abort the process.
 * So the file is lengthened first, while the transaction keeps other writers out: then LMDB only
 * writes to blocks of the disk that the file has. If LMDB fails nevertheless, it is called no more.
 * LMDB's own thread for writing is not used, because after a failure its promises can stay pending.
 */
export class BatchWriter {
  readonly #parts: BatchWriterParts
  /** The database's file, for what LMDB has no function for. */
  readonly #file: number
  readonly #lock: WriteLock
  /** Since when another process has the lock, on the clock of `performance`. */
  #lockedSince: number | null = null
  #changes: Change[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #writes = 0
  #state: 'sound' | Failure | 'closed' = 'sound'

  constructor(parts: BatchWriterParts) {
    this.#parts = parts
    this.#file = openSync(parts.path, 'r+')
    this.#lock = new WriteLock(parts.path)
  }

  /** Whether the database may be asked anything. */
  get isReadable(): boolean {
    return this.#state === 'sound' || this.#state === 'full'
  }

  /** How many transactions changed something. */
  get writes(): number {
    return this.#writes
  }

  /** Reads with a function; undefined, and the end of all reading and writing, when it fails. */
  read<T>(read: () => T): T | undefined {
    if (!this.isReadable) return undefined
    try {
      return read()
    } catch (error) {
      this.#giveUp('failed', error)
      return undefined
    }
  }

  /** Has a change written soon. Its bytes must stay as they are until then. */
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
   * Writes all that waits, or later when another process has the lock: this thread never waits for
   * that. A kill no longer loses what is written, though a power failure may.
   */
  write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#changes.length === 0 || this.#state !== 'sound' || this.#isLocked()) return
    const changes = this.#changes
    this.#changes = []
    this.#bytes = 0
    this.#parts.beforeWrite()
    this.#attempt((lengthen) => {
      const length = bytesNeeded(changes, this.#stats())
      this.#checkLength(length)
      lengthen(length)
      for (const { key, value } of changes) this.#apply(key, value)
      this.#writes++
    })
    // All that was written was looked at, and would count as memory until the end
    if (this.#writes % WRITES_PER_RELEASE === 0) releasePages(this.#parts.path)
  }

  /** Writes all that waits, once no other process has the lock. */
  async flush(): Promise<void> {
    this.write()
    while (this.#changes.length > 0) {
      await wait(LOCK_LOOK)
      this.write()
    }
  }

  /** Writes all that waits, and lets go of the file. */
  async close(): Promise<void> {
    await this.flush()
    if (this.#state === 'closed') return
    const isWritten = this.#state === 'sound' && this.#writes > 0
    if (isWritten && !this.#isLocked()) this.#attempt(this.#shorten.bind(this))
    clearTimeout(this.#timer)
    // LMDB is not asked to close what it failed to write
    if (this.isReadable) await this.#parts.database.close()
    this.#state = 'closed'
    closeSync(this.#file)
  }

  /** Whether another process has the lock; when it keeps that for too long, nothing more is written. */
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

  /** Runs a transaction. The work may lengthen the file before it changes anything. */
  #attempt(work: (lengthen: (length: number) => void) => void): void {
    const { database, path } = this.#parts
    // LMDB is sound still if the file can't be lengthened, but not if anything else fails
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
    this.#parts.onFailure(error)
  }

  /** A damaged file may claim any length, and the disk must not be filled for that. */
  #checkLength(length: number): void {
    const { size } = fstatSync(this.#file)
    if (length > 2 * size + MAX_GROWTH) throw new Error('damaged')
  }

  #apply(key: Uint8Array, value: Uint8Array | null): void {
    const { database } = this.#parts
    if (value) database.putSync(key, value)
    else database.removeSync(key)
  }

  /** Gives back to the disk what was obtained in advance. */
  #shorten(): void {
    const { lastPageNumber, pageSize } = this.#stats()
    try {
      ftruncateSync(this.#file, (lastPageNumber + 1) * pageSize)
    } catch {
      // Windows shortens no file that is mapped, and a longer one does no harm
    }
  }

  #stats(): LmdbStats {
    return this.#parts.database.getStats() as LmdbStats
  }
}

/** Bytes that LMDB notes beside a record. */
const RECORD_OVERHEAD = 16

/** Pages that a transaction may need beside those that follow from what it changes. */
const SPARE_PAGES = 32

/** The length that the file may have after changes, in bytes, if no free page can be used again. */
function bytesNeeded(changes: readonly Change[], stats: LmdbStats): number {
  const { treeDepth, treeBranchPageCount, treeLeafPageCount, lastPageNumber, pageSize } = stats
  // Whatever lies between the root and a changed record is written anew, and may be split
  const copied = Math.min(changes.length * (treeDepth + 1), treeBranchPageCount + treeLeafPageCount)
  let added = 0
  for (const { key, value } of changes) {
    const length = key.length + (value?.length ?? 0) + RECORD_OVERHEAD
    // Long records have pages of their own; of short ones, a page that was split holds half as much
    added += length > pageSize / 2 ? Math.ceil(length / pageSize) + 1 : (4 * length) / pageSize
  }
  // The numbers of free pages stand in pages as well, eight bytes each
  const free = lastPageNumber / (pageSize / 8)
  const pages = 2 * copied + added + free + SPARE_PAGES
  return (lastPageNumber + 1 + Math.ceil(pages)) * pageSize
}

/** What the native addon does for mapped files; native/release_pages.h has the contract. */
interface PagesAddon {
  releasePages(path: string): void
}

/**
 * Has what LMDB mapped of its file no longer count as memory of this process, as far as that can be
 * done. It is read as before.
 */
function releasePages(path: string): void {
  addon?.releasePages(path)
}
