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

  /** Approximate number of records. Does not read them. */
  count(): number

  /** Resolves when other processes see all records set so far, and no crash loses them any more. */
  flush(): Promise<void>

  /** Flushes and closes the store. */
  close(): Promise<void>
}

/** Stores nothing. */
export const nullStore: Store = {
  get: () => undefined,
  put: () => undefined,
  remove: () => undefined,
  entries: () => [],
  usedBytes: () => 0,
  count: () => 0,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

/** A store that is opened on demand. Until then it is empty and stores nothing. */
export interface LazyStore {
  readonly store: Store
  /** Opens the store unless it is open. */
  readonly wake: () => Promise<void>
  /** Whether the store is open and usable. */
  readonly isAwake: () => boolean
}

/**
 * Creates a lazy store: a run that finds nothing to do starts faster without LMDB. `open` is called
 * at most once, and must not reject.
 */
export function lazyStore(open: () => Promise<Store>): LazyStore {
  let current = nullStore
  let waking: Promise<void> | null = null
  const wake = () => {
    waking ??= open().then((opened) => {
      current = opened
    })
    return waking
  }
  const store: Store = {
    get: (key) => current.get(key),
    put: (key, value) => {
      current.put(key, value)
    },
    remove: (key) => {
      current.remove(key)
    },
    entries: (from) => current.entries(from),
    usedBytes: () => current.usedBytes(),
    count: () => current.count(),
    flush: () => current.flush(),
    close: async () => {
      await waking
      await current.close()
    },
  }
  return { store, wake, isAwake: () => current !== nullStore }
}
