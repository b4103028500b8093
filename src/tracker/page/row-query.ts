import { transferredOf, type SwarmRow } from './swarm-row.js'

/** What rows can be sorted by, in the order of the columns. */
export const SORT_KEYS = [
  'hash',
  'name',
  'size',
  'complete',
  'downloading',
  'downloaded',
  'transferred',
] as const
export type SortKey = (typeof SORT_KEYS)[number]

/** Which rows are wanted, and in which order. */
export interface RowQuery {
  readonly sort: SortKey
  readonly isDescending: boolean
  /** What names or info hashes have in them, in lower case; empty for all. */
  readonly filter: string
  /** From 1 on. */
  readonly page: number
}

/** In UTF-16 units. */
const MAX_FILTER = 100

/** Reads a query of the page; what it does not say or says wrongly is as usual. */
export function parseRowQuery(parameters: URLSearchParams, hasNames: boolean): RowQuery {
  const named = SORT_KEYS.find((key) => key === parameters.get('sort'))
  const page = Number(/^\d{1,7}$/.exec(parameters.get('page') ?? '')?.[0] ?? 1)
  return {
    sort: named ?? (hasNames ? 'name' : 'hash'),
    isDescending: parameters.get('order') === 'desc',
    filter: (parameters.get('q') ?? '').trim().slice(0, MAX_FILTER).toLowerCase(),
    page: Math.max(1, page),
  }
}

/** The query as it stands in an address, without what is as usual. */
export function formatRowQuery({ sort, isDescending, filter, page }: RowQuery): string {
  const parameters = new URLSearchParams({ sort })
  if (isDescending) parameters.set('order', 'desc')
  if (filter !== '') parameters.set('q', filter)
  if (page > 1) parameters.set('page', String(page))
  return `?${parameters.toString()}`
}

/** Compares rows by a column; rows that are equal there by info hash, so that the order is one. */
export function compareRows(key: SortKey): (a: SwarmRow, b: SwarmRow) => number {
  const value = VALUES[key]
  return (a, b) => {
    const [left, right] = [value(a), value(b)]
    if (left !== right) return left < right ? -1 : 1
    return a.infoHash < b.infoHash ? -1 : 1
  }
}

const VALUES: Readonly<Record<SortKey, (row: SwarmRow) => string | number>> = {
  hash: ({ infoHash }) => infoHash,
  // Rows without a name come last
  name: ({ name }) => name?.toLowerCase() ?? '\uffff',
  size: ({ size }) => size ?? -1,
  complete: ({ complete }) => complete,
  downloading: ({ downloading }) => downloading,
  downloaded: ({ downloaded }) => downloaded,
  transferred: (row) => transferredOf(row) ?? -1,
}

/** Whether a row has the filter in its name or begins with it as its info hash. */
export function matchesFilter(row: SwarmRow, filter: string): boolean {
  return (row.name?.toLowerCase().includes(filter) ?? false) || row.infoHash.startsWith(filter)
}
