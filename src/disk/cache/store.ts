/** Whether a store is used; its disk is full, so that it is only read; or it keeps nothing. */
export type StoreState = 'used' | 'full' | 'off'

/** A record's value, and the day of its last use, since 1970. */
export interface StoredValue {
  readonly used: number
  readonly value: Uint8Array
}

/** A record's key and value. */
export interface StoredEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Hits and misses since the cache was created. */
export interface Usage {
  readonly hits: number
  readonly misses: number
}

/** Stores records by byte keys. All implementations pass the same tests. */
export interface Store {
  /** Returns a record, or undefined. */
  get(key: Uint8Array): StoredValue | undefined

  /** Sets a record. Its bytes must not change until the next flush. */
  put(key: Uint8Array, record: StoredValue): void

  remove(key: Uint8Array): void

  /** Returns the records whose keys begin with a prefix, in the order of their keys. */
  entries(prefix: string): readonly StoredEntry[]

  /**
   * Runs a statement of SQL, with IN_SLICE in it, on all records: some milliseconds at a time,
   * between which other work runs. Yields the rows of each time. Ends early if nothing can be
   * written.
   */
  slices<Row>(sql: string, values?: Values): AsyncIterable<Row[]>

  /** Hits and misses of all processes. */
  usage(): Usage

  /** Adds to these. Later calls before a flush replace earlier ones. */
  addUsage(usage: Usage): void

  /** Bytes that the records occupy, as whole pages. Does not read the records. */
  usedBytes(): number

  /** Looks at the disk again if it was full. */
  state(): StoreState

  /** Number of records. Does not read them. */
  count(): number

  /**
   * Resolves when other processes see all records set so far, and no kill loses them any more; or
   * after a while.
   */
  flush(): Promise<void>

  /**
   * Flushes and closes the store. Gives up if another process locks it for so many milliseconds.
   */
  close(patience?: number): Promise<void>
}

/** Values of a statement's parameters, by their names. */
export type Values = Readonly<Record<string, string | number | Uint8Array>>

/** Stores nothing. */
export const nullStore: Store = {
  get: () => undefined,
  put: () => undefined,
  remove: () => undefined,
  entries: () => [],
  slices: async function* () {},
  usage: () => ({ hits: 0, misses: 0 }),
  addUsage: () => undefined,
  usedBytes: () => 0,
  state: () => 'off',
  count: () => 0,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
