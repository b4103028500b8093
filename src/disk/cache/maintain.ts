import { refuseAborted } from '../../base/errors.js'
import { lastUnused, RECORD_KINDS, type RecordKind } from './records/record.js'
import { IN_SLICE, KIND } from './schema.js'
import type { Store, Usage, Values } from './store.js'

/** Milliseconds without use after which records are removed, unless somebody says otherwise. */
export const UNUSED_FOR = 30 * 86_400_000

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
  const groups = await groupsOf(store, signal)
  const numberOf = (letter: string) =>
    groups.reduce((sum, { kind, records }) => sum + (kind === letter ? records : 0), 0)
  const kinds = Object.entries(RECORD_KINDS).map(([kind, letter]) => [kind, numberOf(letter)])
  const days = groups.map(({ used }) => used)
  return {
    counts: Object.fromEntries(kinds) as Record<RecordKind, number>,
    bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: days.length === 0 ? null : Math.min(...days),
    ...store.usage(),
  }
}

/** Records to remove. */
export interface Limits {
  /** Records that were not used since this day, in days since 1970, are removed. */
  readonly before: number
  /** Then records are removed until the others occupy at most so many bytes, including keys. */
  readonly maxBytes?: number | undefined
}

interface Removal {
  readonly signal?: AbortSignal | undefined
  /** Whether only to count. */
  readonly dryRun?: boolean
}

/**
 * Removes all records that were not used since a day, whatever they are of: the one rule by which
 * records get old. Then removes records above a size: digests of files go last, and within a kind
 * the records unused for the longest time go first. Returns their number. Lets other work run in
 * between.
 * @throws BtkitError `interrupted`
 */
export async function removeRecords(
  store: Store,
  { before, maxBytes = Infinity }: Limits,
  removal: Removal = {},
): Promise<number> {
  const last = lastUnused(before)
  let removed = await removeWhere(store, { where: 'used <= $last', values: { last } }, removal)
  // The pages occupy at least as much as the records in them
  if (store.usedBytes() <= maxBytes) return removed
  const kept = (await groupsOf(store, removal.signal)).filter(({ used }) => used > last)
  let excess = kept.reduce((sum, { bytes }) => sum + bytes, -maxBytes)
  for (const { kind, used, bytes } of kept.sort(byDrop)) {
    if (excess <= 0) break
    const where = `${KIND} = $kind and used = $used`
    removed += await removeWhere(store, { where, values: { kind, used }, bytes: excess }, removal)
    excess -= bytes
  }
  return removed
}

/** The records of one kind that were last used on one day. */
interface Group {
  /** The letter of the kind. */
  readonly kind: string
  readonly used: number
  readonly records: number
  readonly bytes: number
}

const SIZE = 'length(key) + length(value)'

const GROUPS = `select ${KIND} as kind, used, count(*) as records, sum(${SIZE}) as bytes
  from records where ${IN_SLICE} group by 1, 2`

/** @throws BtkitError `interrupted` */
async function groupsOf(store: Store, signal?: AbortSignal): Promise<Group[]> {
  const groups = new Map<string, Group>()
  for await (const rows of store.slices<Group>(GROUPS)) {
    refuseAborted(signal)
    for (const { kind, used, records, bytes } of rows) {
      const name = `${kind} ${used}`
      const known = groups.get(name) ?? { records: 0, bytes: 0 }
      const [all, size] = [known.records + records, known.bytes + bytes]
      groups.set(name, { kind, used, records: all, bytes: size })
    }
  }
  return [...groups.values()]
}

/** The kinds in the order in which they are removed: those that are quick to recreate go first. */
const DROP_ORDER: readonly string[] = (
  ['layers', 'info', 'piece', 'digest', 'tree', 'file'] as const satisfies RecordKind[]
).map((kind) => RECORD_KINDS[kind])

function byDrop(a: Group, b: Group): number {
  return DROP_ORDER.indexOf(a.kind) - DROP_ORDER.indexOf(b.kind) || a.used - b.used
}

/**
 * Removes the records that a condition is true of, until so many bytes are removed. Returns their
 * number.
 * @throws BtkitError `interrupted`
 */
async function removeWhere(
  store: Store,
  { where, values, bytes = Infinity }: { where: string; values: Values; bytes?: number },
  { signal, dryRun = false }: Removal,
): Promise<number> {
  const chosen = `from (select key, size, sum(size) over (order by key) - size as earlier
    from (select key, ${SIZE} as size from records where ${IN_SLICE} and ${where}))
    where earlier < $rest`
  const removing = `delete from records where key in (select key ${chosen}) returning ${SIZE} as size`
  const bound = { ...values, rest: bytes }
  let removed = 0
  // The values of a slice are read when it begins
  for await (const rows of store.slices<{ size: number }>(
    dryRun ? `select size ${chosen}` : removing,
    bound,
  )) {
    refuseAborted(signal)
    removed += rows.length
    bound.rest -= rows.reduce((sum, { size }) => sum + size, 0)
  }
  return removed
}
