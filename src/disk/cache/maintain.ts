import { setImmediate } from 'node:timers/promises'
import { refuseAborted } from '../../base/errors.js'
import {
  isUnusedSince,
  kindOf,
  readHeader,
  RECORD_KINDS,
  unpackRecord,
  type RecordKind,
} from './records/record.js'
import type { Store } from './store/store.js'
import { readUsage, type Usage } from './piece-cache.js'

/** Summary of a cache's content. */
export interface CacheSummary extends Usage {
  /** Number of records by kind. */
  readonly counts: Readonly<Record<RecordKind, number>>
  /** Bytes of all records, including keys. */
  readonly bytes: number
  /** The last use of the record that was unused for the longest time, in days since 1970. */
  readonly oldest: number | null
}

/**
 * Summarizes a cache. Lets other work run in between.
 * @throws BtkitError `interrupted`
 */
export async function summarize(store: Store, signal?: AbortSignal): Promise<CacheSummary> {
  const kinds = Object.keys(RECORD_KINDS) as RecordKind[]
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<RecordKind, number>
  let bytes = 0
  let oldest: number | null = null
  const add = ({ kind, key, value, lastUsed }: StoreRecord) => {
    counts[kind]++
    bytes += key.length + value.length
    oldest = Math.min(oldest ?? lastUsed, lastUsed)
  }
  await forEachInTurns(store, add, signal)
  return { counts, bytes, oldest, ...readUsage(store) }
}

/** Milliseconds after which other work gets a turn. A record may have megabytes. */
const TURN = 4

/** Milliseconds without use after which records are removed, unless somebody says otherwise. */
export const UNUSED_FOR = 30 * 86_400_000

/**
 * Removes all records that were not used since a day (in days since 1970), whatever they are of: the one
 * rule by which records get old. Returns their number. Lets other work run in between.
 * @throws BtkitError `interrupted`
 */
export async function removeUnused(
  store: Store,
  before: number,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0
  const judge = (record: StoreRecord) => {
    if (!isUnusedSince(record, before)) return
    store.remove(Uint8Array.from(record.key))
    removed++
  }
  await forEachInTurns(store, judge, signal)
  return removed
}

/**
 * A record during a walk through the store; its bytes are views that become invalid. Its value may be
 * damaged.
 */
interface StoreRecord {
  readonly kind: RecordKind
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly lastUsed: number
}

/**
 * Yields the records of one kind that are not damaged, without reading the others. Records with very long
 * names are left out.
 */
export function* recordsOfKind(
  store: Store,
  kind: RecordKind,
): Generator<StoreRecord & { readonly body: Uint8Array }> {
  for (const { key, value } of store.entries(Buffer.from(RECORD_KINDS[kind]))) {
    const record = kindOf(key) === kind && unpackRecord(key, value)
    if (!record) return
    yield { kind, key, value, ...record }
  }
}

/**
 * The order in which kinds are removed from a cache that is too large. Kinds that are quick to
 * recreate go first.
 */
const DROP_ORDER = [
  'set',
  'layers',
  'info',
  'piece',
  'digest',
  'tree',
  'file',
] as const satisfies readonly RecordKind[]

/**
 * Removes records until the others occupy at most `limit` bytes, including keys. Returns how many
 * it removed. Digests of files go last; within a kind, the records unused for the longest time go
 * first. Lets other work run in between.
 * @throws BtkitError `interrupted`
 */
export async function shrinkTo(store: Store, limit: number, signal?: AbortSignal): Promise<number> {
  // The pages occupy at least as much as the records in them
  if (store.usedBytes() <= limit) return 0
  const bytesOf = new Map<string, number>()
  let tooMany = -limit
  const add = (record: StoreRecord) => {
    const group = groupOf(record)
    bytesOf.set(group, (bytesOf.get(group) ?? 0) + sizeOf(record))
    tooMany += sizeOf(record)
  }
  await forEachInTurns(store, add, signal)
  if (tooMany <= 0) return 0
  // How many bytes to remove of each group
  const remaining = new Map<string, number>()
  for (const group of [...bytesOf.keys()].sort()) {
    const bytes = Math.min(bytesOf.get(group) ?? 0, Math.max(tooMany, 0))
    remaining.set(group, bytes)
    tooMany -= bytes
  }
  let removed = 0
  const judge = (record: StoreRecord) => {
    const group = groupOf(record)
    const bytes = remaining.get(group) ?? 0
    if (bytes <= 0) return
    remaining.set(group, bytes - sizeOf(record))
    store.remove(Uint8Array.from(record.key))
    removed++
  }
  await forEachInTurns(store, judge, signal)
  return removed
}

/** Returns the kind and day of a record as a text that sorts in the order of removal. */
function groupOf({ kind, lastUsed }: StoreRecord): string {
  const order = DROP_ORDER.indexOf(kind)
  return `${order} ${String(lastUsed).padStart(10, '0')}`
}

function sizeOf({ key, value }: StoreRecord): number {
  return key.length + value.length
}

/**
 * Calls `act` for all records, and lets other work run in between. Reads only their headers.
 * @throws BtkitError `interrupted`
 */
async function forEachInTurns(
  store: Store,
  act: (record: StoreRecord) => void,
  signal?: AbortSignal,
): Promise<void> {
  let end = performance.now() + TURN
  for (const { key, value } of store.entries()) {
    const header = readHeader(key, value)
    if (header) act({ ...header, key, value })
    if (performance.now() < end) continue
    await setImmediate()
    refuseAborted(signal)
    end = performance.now() + TURN
  }
}
