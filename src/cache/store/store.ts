/** Where records live: bytes by bytes. Both implementations pass the same tests. */
export interface Store {
  /** A record, or undefined. The bytes must be copied before the next call if they are kept. */
  get(key: Uint8Array): Uint8Array | undefined

  /** Sets a record. It is sure to be there after the next flush. */
  put(key: Uint8Array, value: Uint8Array): void

  remove(key: Uint8Array): void

  /** All records, or those from a key on, in the order of their keys. */
  entries(from?: Uint8Array): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>

  /** What the records take up, in bytes: whole pages. Costs no look at the records. */
  usedBytes(): number

  /** How many records there are, about. Costs no look at them. */
  count(): number

  /** Resolves when other processes see all that was put, and a kill no longer loses it. */
  flush(): Promise<void>

  /** Flushes and lets go. */
  close(): Promise<void>
}
