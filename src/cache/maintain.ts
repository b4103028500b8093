import { setImmediate } from 'node:timers/promises'
import {
  isUnusedSince,
  kindOf,
  RECORD_KINDS,
  unpackRecord,
  type RecordKind,
} from './records/record.js'
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

/** Counts what is in a cache. */
export function summarize(store: Store): CacheSummary {
  const kinds = Object.keys(RECORD_KINDS) as RecordKind[]
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<RecordKind, number>
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
 * Removes what was not used since a day (in days since 1970), and returns how many that were.
 * Lets other things have their turns in between.
 */
export async function removeUnused(store: Store, before: number): Promise<number> {
  let removed = 0
  await forEachInTurns(store, (record) => {
    if (!isUnusedSince(record, before)) return
    store.remove(Uint8Array.from(record.key))
    removed++
  })
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
  for (const entry of store.entries()) {
    const record = readEntry(entry)
    if (record) yield record
  }
}

/** The records of one kind, without a look at the others; but for those with very long names. */
export function* recordsOfKind(store: Store, kind: RecordKind): Generator<StoreRecord> {
  for (const entry of store.entries(Buffer.from(RECORD_KINDS[kind]))) {
    const record = readEntry(entry)
    if (record?.kind !== kind) return
    yield record
  }
}

function readEntry({ key, value }: Pick<StoreRecord, 'key' | 'value'>): StoreRecord | null {
  const kind = kindOf(key)
  const record = kind && unpackRecord(key, value)
  return kind && record && { kind, key, value, ...record }
}

/** What leaves a cache that is too large, in this order: what is soonest made again goes first. */
const DROP_ORDER = [
  'set',
  'layers',
  'info',
  'piece',
  'output',
  'digest',
  'tree',
  'file',
] as const satisfies readonly RecordKind[]

/**
 * Removes records until those that stay take up no more than `limit` bytes, keys included, and
 * returns how many it removed. Digests of files go last, and of each kind what was longest out of
 * use goes first. Lets other things have their turns in between.
 */
export async function shrinkTo(store: Store, limit: number): Promise<number> {
  // Whole pages are never less than what is in them
  if (store.usedBytes() <= limit) return 0
  const groups = new BytesByGroup()
  let total = 0
  await forEachInTurns(store, (record) => {
    total += sizeOf(record)
    groups.add(record)
  })
  if (total <= limit) return 0
  const remaining = groups.toRemove(total - limit)
  let removed = 0
  await forEachInTurns(store, (record) => {
    const group = groupOf(record)
    const bytes = remaining.get(group) ?? 0
    if (bytes <= 0) return
    remaining.set(group, bytes - sizeOf(record))
    store.remove(Uint8Array.from(record.key))
    removed++
  })
  return removed
}

/** Counts the bytes of records by kind and day of last use. */
class BytesByGroup {
  readonly #bytes = new Map<string, number>()

  add(record: StoreRecord): void {
    const group = groupOf(record)
    this.#bytes.set(group, (this.#bytes.get(group) ?? 0) + sizeOf(record))
  }

  /** How many bytes of which kind and day to remove, so that they make `bytesTooMany` in all. */
  toRemove(bytesTooMany: number): Map<string, number> {
    const groups = [...this.#bytes].sort(([a], [b]) => (a < b ? -1 : 1))
    let left = bytesTooMany
    return new Map(
      groups.map(([group, bytes]) => {
        const taken = Math.min(bytes, Math.max(left, 0))
        left -= taken
        return [group, taken]
      }),
    )
  }
}

/** The kind and day of a record, as a text that comes the earlier the sooner the record leaves. */
function groupOf({ kind, lastUsed }: StoreRecord): string {
  const order = DROP_ORDER.indexOf(kind)
  return `${order} ${String(lastUsed).padStart(10, '0')}`
}

function sizeOf({ key, value }: StoreRecord): number {
  return key.length + value.length
}

/** Looks at all records, and lets other things have their turns in between. */
export async function forEachInTurns(
  store: Store,
  act: (record: StoreRecord) => void,
): Promise<void> {
  let seen = 0
  for (const record of records(store)) {
    if (++seen % TURN === 0) await setImmediate()
    act(record)
  }
}
