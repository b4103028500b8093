/** Whether a store is used; its disk is full, so that it is only read; or it keeps nothing. */
export type StoreState = 'used' | 'full' | 'off'

/** Stores records: byte keys with byte values. All implementations pass the same tests. */
export interface Store {
  /** Returns a record, or undefined. Copy the bytes before the next call to keep them. */
  get(key: Uint8Array): Uint8Array | undefined

  /** Sets a record. Durable after the next flush. */
  put(key: Uint8Array, value: Uint8Array): void

  remove(key: Uint8Array): void

  /** Yields all records in key order, or those from a key on. */
  entries(from?: Uint8Array): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>

  /** Bytes that the records occupy, as whole pages. Does not read the records. */
  usedBytes(): number

  /** Looks at the disk again if it was full. */
  state(): StoreState

  /** Approximate number of records. Does not read them. */
  count(): number

  /** Resolves when other processes see all records set so far, and no crash loses them any more. */
  flush(): Promise<void>

  /** Flushes and closes the store. Gives up if another process locks it for so many milliseconds. */
  close(patience?: number): Promise<void>
}

/** Stores nothing. */
export const nullStore: Store = {
  get: () => undefined,
  put: () => undefined,
  remove: () => undefined,
  entries: () => [],
  usedBytes: () => 0,
  state: () => 'off',
  count: () => 0,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
