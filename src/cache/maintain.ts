import { setImmediate } from 'node:timers/promises'
import { kindOf, unpackRecord, type RecordKind } from './records/record.js'
import type { Store } from './store/store.js'
import { readUsage, type Usage } from './usage.js'

/** What is in a cache. */
export interface CacheSummary extends Usage {
  /** How many records there are of each kind. */
  readonly counts: Readonly<Record<RecordKind, number>>
  /** Bytes of the records, keys included. */
  readonly bytes: number
  /** The day since which the record longest out of use was not used, in days since 1970. */
  readonly oldest: number | null
}

export function summarize(store: Store): CacheSummary {
  const counts: Record<RecordKind, number> = { file: 0, piece: 0, info: 0, output: 0, set: 0 }
  let bytes = 0
  let oldest: number | null = null
  for (const { kind, key, value, lastUsed } of records(store)) {
    counts[kind]++
    bytes += key.length + value.length
    if (oldest === null || lastUsed < oldest) oldest = lastUsed
  }
  return { counts, bytes, oldest, ...readUsage(store) }
}

/** Records that are looked at before other things get their turn. */
const TURN = 1000

/**
 * Removes what was last used before a day (in days since 1970), and returns how many that were.
 * Lets other things have their turns in between.
 */
export async function removeUnused(store: Store, before: number): Promise<number> {
  let removed = 0
  let seen = 0
  for (const { key, lastUsed } of records(store)) {
    if (++seen % TURN === 0) await setImmediate()
    if (lastUsed >= before) continue
    store.remove(Uint8Array.from(key))
    removed++
  }
  return removed
}

/** A record on its way through the store; its bytes are views that do not last. */
export interface StoreRecord {
  readonly kind: RecordKind
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly lastUsed: number
  readonly body: Uint8Array
}

/** All records of the cache, but for what it notes about itself. */
export function* records(store: Store): Generator<StoreRecord> {
  for (const { key, value } of store.entries()) {
    const kind = kindOf(key)
    const record = kind && unpackRecord(kind, value)
    if (kind && record) yield { kind, key, value, ...record }
  }
}
