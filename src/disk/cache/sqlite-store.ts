import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { latin1 } from '../../base/bytes.js'
import { monotonicNow } from '../../base/process.js'
import { Connection, fileAt, setAside } from './connection.js'
import { requireFreeSpace } from './place.js'
import { OtherFormat, SQL } from './schema.js'
import { failureOf, reasonOf, transact, type SqliteFailure } from './sqlite.js'
import type { Store, StoredEntry, StoredValue, StoreState, Usage, Values } from './store.js'

/**
 * Milliseconds to wait while another process writes: at the start, in `flush`, and in `close`; and
 * until a disk that was full is looked at again for a change.
 */
export const PATIENCE = { open: 10_000, flush: 1000, close: 10_000, full: 60_000 }

/** A statement that changes the store, and its values. */
interface Change {
  readonly sql: string
  readonly values: readonly (Uint8Array | number)[]
  /** The record that it sets; undefined if it sets none. */
  readonly record?: StoredValue
  /** About the bytes that it writes. */
  readonly size: number
}

/**
 * Limits of a transaction: some milliseconds. And milliseconds until one begins: a kill loses the
 * hashes of this time.
 */
const MAX_CHANGES = 200
const MAX_BYTES = 1024 * 1024
const MAX_WAIT = 1000

/** Bytes of changes that wait while nothing can be written. Later ones are lost: hashed again. */
const MAX_WAITING = 64 * 1024 * 1024

/** Bytes of space that let a full disk be written again. */
const SPACE = 8 * 1024 * 1024

/** Milliseconds between two attempts to write while another process does. */
const RETRY = 20

/** Milliseconds of a slice of all records, and the least and most records of one. */
const SLICE_TIME = 4
const SLICE = { least: 16, most: 4096 }

/** Ends the last key with a prefix: a name is a path, or has 32 bytes. */
const END = '\xff'.repeat(33)

/** Begins before all keys, and ends after them. */
const FIRST: Uint8Array = new Uint8Array(0)
const LAST: Uint8Array = Uint8Array.of(0xff)

/** The place of a store. */
export interface StorePlace {
  readonly path: string
  /** Receives each failure. */
  readonly warn: (message: string) => void
  /** Says until when a failed store is not used, such as ` until restart`. */
  readonly until?: string
}

/** The name of the change of the counts, which no record has. */
const USAGE = ''

const LOCKED = 'another process keeps it locked; end that process if it was stopped'

/**
 * Opens a store in one SQLite file. Any number of processes may have it open at once; readers never
 * wait. A damaged file, or one of another program, is set aside.
 * @throws Error as Connection.open; if another process has the file locked for ten seconds
 */
export async function openSqliteStore(
  place: StorePlace,
  patience = PATIENCE,
  maxWaiting = MAX_WAITING,
): Promise<SqliteStore> {
  try {
    return await unlessBusy(patience.open, () => new SqliteStore(place, patience, maxWaiting))
  } catch (error) {
    throw failureOf(error) === 'busy' ? new Error(LOCKED, { cause: error }) : error
  }
}

/** Acts again and again while another process writes, for so many milliseconds. */
async function unlessBusy<T>(patience: number, act: () => T): Promise<T> {
  for (const until = monotonicNow() + patience; ;) {
    try {
      return act()
    } catch (error) {
      if (failureOf(error) !== 'busy' || monotonicNow() >= until) throw error
      await pause(RETRY)
    }
  }
}

/**
 * A store in an open file. Collects changes, and writes them in short transactions, none of which
 * waits for another process. A full disk is no failure: changes are lost until it has space.
 */
export class SqliteStore implements Store {
  /** Null if the disk is full and there is no file. */
  #connection: Connection | null = null
  /** By the key of a record. A later change replaces one that waits. */
  readonly #changes = new Map<string, Change>()
  #bytes = 0
  /** Whether another process kept the lock when it was last wanted. */
  #isLocked = false
  #isReplaced = false
  #timer: NodeJS.Timeout | undefined
  /** When the full disk was last looked at. */
  #lookedAt = 0
  #state: 'sound' | 'full' | 'failed' | 'closed' = 'sound'

  /** @throws as openSqliteStore, at once */
  constructor(
    private readonly place: StorePlace,
    private readonly patience: typeof PATIENCE,
    private readonly maxWaiting: number,
  ) {
    const file = fileAt(place.path)
    try {
      this.#connect()
    } catch (error) {
      if (failureOf(error) !== 'damage') throw error
      this.#replace(error, file)
    }
  }

  /** Opens the file; only to read it if it cannot be written. */
  #connect(): void {
    const { path } = this.place
    try {
      this.#connection = Connection.open(path)
    } catch (error) {
      if (failureOf(error) !== 'unwritable') throw error
      this.#connection = Connection.openToRead(path)
      this.#giveUp('full', error)
    }
  }

  /** Sets the damaged file aside, unless another process did, and opens a new one. */
  #replace(error: unknown, file: number | undefined): void {
    this.#isReplaced = true
    this.#connection?.close()
    this.#connection = null
    const kept = setAside(this.place.path, file)
    const why = error instanceof OtherFormat ? error.message : `damaged: ${reasonOf(error)}`
    if (kept !== null) this.place.warn(`${why}; ${kept}; a new cache is used`)
    this.#state = 'sound'
    this.#connect()
  }

  get(key: Uint8Array): StoredValue | undefined {
    const waiting = this.#changes.size > 0 ? this.#changes.get(latin1(key)) : undefined
    if (waiting) return waiting.record
    return this.#row(SQL.get, key) as StoredValue | undefined
  }

  put(key: Uint8Array, record: StoredValue): void {
    const { used, value } = record
    const size = key.length + value.length
    this.#add(latin1(key), { sql: SQL.put, values: [key, used, value], record, size })
  }

  remove(key: Uint8Array): void {
    this.#add(latin1(key), { sql: SQL.remove, values: [key], size: key.length })
  }

  count(): number {
    return this.#totals().records
  }

  usage(): Usage {
    const { hits, misses } = this.#totals()
    return { hits, misses }
  }

  addUsage({ hits, misses }: Usage): void {
    if (hits + misses === 0) return
    this.#add(USAGE, { sql: SQL.addUsage, values: [hits, misses], size: 0 })
  }

  usedBytes(): number {
    const row = this.#row(SQL.usedBytes) as { bytes: number } | undefined
    return row?.bytes ?? 0
  }

  entries(prefix: string): StoredEntry[] {
    this.#writeSome()
    const [first, last] = [Buffer.from(prefix), Buffer.from(prefix + END, 'latin1')]
    const rows = this.#read((connection) => connection.reading(SQL.entries).all(first, last))
    return (rows ?? []) as StoredEntry[]
  }

  async *slices<Row>(sql: string, values: Values = {}): AsyncGenerator<Row[]> {
    await this.flush()
    let size = SLICE.least
    for (let from = FIRST, to = FIRST; to !== LAST && this.#isReadable; from = to) {
      const start = performance.now()
      const last = this.#row(SQL.slice, from, size - 1) as { key: Uint8Array } | undefined
      to = last?.key ?? LAST
      const rows = await this.#slice<Row>(sql, { ...values, from, to })
      if (!rows) return
      yield rows
      const factor = SLICE_TIME / (performance.now() - start)
      size = Math.round(Math.min(Math.max(size * factor, SLICE.least), SLICE.most))
      await nextTurn()
    }
  }

  /** The rows of one slice; null if it cannot be written. */
  async #slice<Row>(sql: string, values: Values): Promise<Row[] | null> {
    try {
      return await unlessBusy(this.patience.flush, () => {
        const rows = this.#readUnchanged((connection) => {
          connection.endRead()
          return connection.prepared(sql).all(values)
        })
        return (rows ?? []) as Row[]
      })
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  state(): StoreState {
    if (this.#state === 'full') this.#retryFull()
    if (this.#state === 'full') return 'full'
    // A removed file loses all that is written
    return this.#state === 'sound' && existsSync(this.place.path) ? 'used' : 'off'
  }

  /** Looks at a full disk from time to time. */
  #retryDue(): void {
    if (this.#state === 'full' && monotonicNow() - this.#lookedAt >= this.patience.full)
      this.#retryFull()
  }

  /** Writes the cache again if its disk has space. */
  #retryFull(): void {
    this.#lookedAt = monotonicNow()
    try {
      requireFreeSpace(dirname(this.place.path), SPACE)
      if (!this.#connection?.checkpoints) {
        const found = Connection.open(this.place.path)
        this.#connection?.close()
        this.#connection = found
      }
      // That shows whether anything can be written
      this.#write((connection) => connection.prepared(SQL.addUsage).run(0, 0))
      this.#state = 'sound'
      this.place.warn('written again')
    } catch (error) {
      if (failureOf(error) !== 'unwritable') this.#fail(error)
    }
  }

  #totals() {
    const none = { records: 0, hits: 0, misses: 0 }
    return (this.#row(SQL.totals) ?? none) as Usage & { readonly records: number }
  }

  #row(sql: string, ...values: (Uint8Array | number)[]): unknown {
    return this.#read((connection) => connection.reading(sql).get(...values))
  }

  /**
   * Calls a function that reads. If it fails, returns undefined; damage ends all reading and
   * writing.
   */
  #read<T>(read: (connection: Connection) => T): T | undefined {
    this.#retryDue()
    if (!this.#isReadable) return undefined
    try {
      return this.#readUnchanged(read)
    } catch (error) {
      this.#fail(error, 'failed')
      return undefined
    }
  }

  /**
   * Calls a function that reads. A file that was opened as one that does not change is opened again
   * after a change. Damage of it is judged when it can be written: another process may be writing.
   */
  #readUnchanged<T>(read: (connection: Connection) => T): T | undefined {
    for (;;) {
      const connection = this.#connection
      if (!connection) return undefined
      try {
        const result = read(connection)
        if (!connection.isOutdated()) return result
      } catch (error) {
        const isDoubtful = connection.isFrozen && failureOf(error) === 'damage'
        if (!isDoubtful && !connection.isOutdated()) throw error
      }
      this.#retryFull()
      if (this.#connection !== connection) continue
      this.#connection = null
      connection.close()
      if (connection.isOutdated()) this.#connection = Connection.openToRead(this.place.path)
    }
  }

  get #isReadable(): boolean {
    return this.#state === 'sound' || this.#state === 'full'
  }

  get #hasWork(): boolean {
    return this.#state === 'sound' && this.#changes.size > 0
  }

  /** Queues a change. Its bytes must not change until it is written. */
  #add(name: string, change: Change): void {
    this.#retryDue()
    if (this.#state !== 'sound' || this.#bytes >= this.maxWaiting) return
    this.#changes.set(name, change)
    this.#bytes += change.size
    const isMuch = this.#changes.size >= MAX_CHANGES || this.#bytes >= MAX_BYTES
    if (isMuch && !this.#isLocked) this.#writeSome()
    this.#writeLater()
  }

  #writeLater(): void {
    if (!this.#hasWork) return
    const wait = this.#isLocked ? RETRY : MAX_WAIT
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writeSome()
      this.#writeLater()
    }, wait)
  }

  /** Writes as many changes as one transaction may have. Does nothing if another process writes. */
  #writeSome(): void {
    if (!this.#hasWork) return
    try {
      requireFreeSpace(dirname(this.place.path), 2 * Math.min(this.#bytes, MAX_BYTES))
      this.#write((connection) => {
        let count = 0
        let bytes = 0
        for (const [name, { sql, values, size }] of this.#changes) {
          if (++count > MAX_CHANGES || bytes >= MAX_BYTES) break
          connection.prepared(sql).run(...values)
          bytes += size
          this.#changes.delete(name)
        }
        if (this.#changes.size === 0) this.#bytes = 0
        else this.#bytes -= bytes
      })
      this.#isLocked = false
    } catch (error) {
      this.#isLocked = this.#fail(error) === 'busy'
    }
  }

  /** Writes in one transaction. */
  #write(act: (connection: Connection) => void): void {
    const connection = this.#connection
    if (!connection) return
    connection.endRead()
    transact(connection.database, () => {
      act(connection)
    })
    connection.checkpoints?.look()
  }

  async flush(patience = this.#isLocked ? 0 : this.patience.flush): Promise<void> {
    for (const until = monotonicNow() + patience; this.#hasWork;) {
      this.#writeSome()
      if (this.#isLocked && monotonicNow() >= until) return
      await (this.#isLocked ? pause(RETRY) : nextTurn())
    }
  }

  async close(patience = this.patience.close): Promise<void> {
    if (this.#state === 'closed') return
    await this.flush(patience)
    clearTimeout(this.#timer)
    if (this.#hasWork) this.#giveUp('failed', new Error(LOCKED))
    this.#state = 'closed'
    await this.#connection?.checkpoints?.end()
    this.#connection?.close()
  }

  /**
   * Ends writing, or all use, after a failure; but another process that writes is none. A damaged
   * file is replaced once. `unwritable` says what a failure of the disk ends.
   */
  #fail(error: unknown, unwritable: 'full' | 'failed' = 'full'): SqliteFailure {
    const failure = failureOf(error)
    if (failure === 'busy' || !this.#isReadable) return failure
    if (failure !== 'damage' || this.#isReplaced) {
      this.#giveUp(failure === 'unwritable' ? unwritable : 'failed', error)
      return failure
    }
    try {
      this.#replace(error, this.#connection?.file ?? fileAt(this.place.path))
    } catch {
      this.#giveUp('failed', error)
    }
    return failure
  }

  #giveUp(failure: 'full' | 'failed', error: unknown): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const isKnown = this.#state === failure
    this.#state = failure
    this.#lookedAt = monotonicNow()
    this.#changes.clear()
    this.#bytes = 0
    if (isKnown) return
    const { warn, until = '' } = this.place
    const isUsed = this.#connection ? 'only read' : 'not used'
    const what = failure === 'full' ? `${isUsed} until it can be written` : `no longer used${until}`
    warn(`${what}: ${reasonOf(error)}`)
  }
}
