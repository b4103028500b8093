import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { requireFreeSpace } from './place.js'
import type { Store } from './store.js'

/** LMDB's statistics of a file. The page counts are those of the tree of records. */
interface LmdbStats {
  readonly entryCount: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly pageSize: number
  readonly lastPageNumber: number
}

type Database = RootDatabase<Uint8Array, Uint8Array>

/** A record to set, or with a null value to remove. */
interface Change {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/**
 * Limits of waiting changes: number, bytes, and time in milliseconds. Each write is synced, for which
 * a service answers nobody for some hundredths of a second. A kill loses the hashes of this time.
 */
const MAX_CHANGES = 10_000
const MAX_BYTES = 4 * 1024 * 1024
const MAX_WAIT = 1000

/**
 * Opens a store in one LMDB file. Any number of processes may have it open at once. Each write is
 * synced, so that neither a kill nor a crash of the machine damages the file.
 *
 * LMDB maps a file into memory and trusts it: a damaged one may crash the process. `onFailure`
 * receives one error if nothing can be written any more, for example without disk space.
 * @throws Error of LMDB or the system if the file cannot be opened, or is cut
 */
export function openLmdbStore(path: string, onFailure: (error: unknown) => void): Store {
  if (existsSync(path) && !hasHeader(path)) throw new Error(NO_DATABASE)
  const database: Database = open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    compression: false,
    // Synced when a transaction ends, so that the file stays sound if the machine crashes
    overlappingSync: false,
    // A batch for each event turn would create a promise that cannot be handled
    eventTurnBatching: false,
  })
  const stats = () => database.getStats() as LmdbStats
  if ((stats().lastPageNumber + 1) * stats().pageSize > statSync(path).size) {
    void database.close()
    throw new Error(NO_DATABASE)
  }
  // The statistics began to read: the next reads must see what others write meanwhile
  database.resetReadTxn()
  const writer = new BatchWriter(database, path, onFailure)
  return {
    get: (key) => {
      const bytes = writer.read(() => database.getBinaryFast(key))
      // LMDB reuses this buffer, and a property hides its real length from JavaScript
      return bytes && Uint8Array.prototype.subarray.call(bytes, 0, bytes.length)
    },
    put: (key, value) => {
      writer.add({ key, value })
    },
    remove: (key) => {
      writer.add({ key, value: null })
    },
    count: () => stats().entryCount,
    usedBytes: () => {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = stats()
      return (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize
    },
    entries: (from) => entriesOf(database, writer, from),
    flush: () => {
      writer.write()
      return Promise.resolve()
    },
    close: () => writer.close(),
  }
}

const NO_DATABASE = 'cut, or not a cache'

/** A number in both header pages, and its offset; and the offset of the page length. */
const MAGIC = 0xbeefc0de
const MAGIC_AT = 24
const PAGE_LENGTH_AT = 48

/** Whether both header pages are there: LMDB would crash without them. An empty file is a new one. */
function hasHeader(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const page = Buffer.alloc(64)
    if (readSync(file, page, 0, page.length, 0) === 0) return true
    const second = Buffer.alloc(64)
    readSync(file, second, 0, second.length, page.readUInt32LE(PAGE_LENGTH_AT))
    return [page, second].every((each) => each.readUInt32LE(MAGIC_AT) === MAGIC)
  } finally {
    closeSync(file)
  }
}

/** LMDB's error codes that mean a damaged file, or a file of another program. */
const DAMAGE: readonly unknown[] = [-30797, -30796, -30795, -30794, -30793, -30784]

/** Whether an error of the store means that its file is damaged, or no LMDB file. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.message === NO_DATABASE || DAMAGE.includes((error as { code?: unknown }).code)
}

/** Yields all records from a key on. After each write it starts again behind the last record. */
function* entriesOf(database: Database, writer: BatchWriter, from?: Uint8Array) {
  let start = from && Buffer.from(from)
  for (let isDone = false; !isDone && writer.isReadable;) {
    const { writes } = writer
    isDone = true
    for (const entry of database.getRange({ ...(start && { start }), snapshot: false })) {
      // The smallest key after this one
      start = Buffer.concat([entry.key, Buffer.of(0)])
      yield entry
      isDone = writes === writer.writes
      if (!isDone) break
    }
  }
}

/**
 * Collects changes, and writes them in transactions on this thread: one sync for many changes.
 *
 * A failed write inside LMDB damages its memory, and the next call can abort the process. Therefore
 * the disk must have space before a write, and after a failure LMDB is not called again.
 */
class BatchWriter {
  /** Number of transactions. */
  writes = 0
  #changes: Change[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #state: 'sound' | 'full' | 'failed' | 'closed' = 'sound'

  constructor(
    private readonly database: Database,
    private readonly path: string,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Whether the database can be read. */
  get isReadable(): boolean {
    return this.#state === 'sound' || this.#state === 'full'
  }

  /** Calls a function that reads. If it fails, returns undefined and ends all reading and writing. */
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

  /** Writes all queued changes. */
  write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#changes.length === 0 || this.#state !== 'sound') return
    const [changes, bytes] = [this.#changes, this.#bytes]
    this.#changes = []
    this.#bytes = 0
    try {
      // The records, and as much for the pages of the tree that change with them
      requireFreeSpace(dirname(this.path), 2 * bytes)
    } catch (error) {
      this.#giveUp('full', error)
      return
    }
    try {
      this.database.transactionSync(() => {
        for (const { key, value } of changes) {
          if (value) this.database.putSync(key, value)
          else this.database.removeSync(key)
        }
      })
      this.writes++
    } catch (error) {
      this.#giveUp('failed', error)
    }
  }

  /** Writes all queued changes, and closes the file. */
  async close(): Promise<void> {
    this.write()
    clearTimeout(this.#timer)
    const { isReadable } = this
    this.#state = 'closed'
    // After a failed write LMDB must not be asked to close the file
    if (isReadable) await this.database.close()
  }

  #giveUp(failure: 'full' | 'failed', error: unknown): void {
    clearTimeout(this.#timer)
    this.#state = failure
    this.#changes = []
    this.onFailure(error)
  }
}
