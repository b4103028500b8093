import { parseOrder, type ListOrder } from '../../server/pages/sorting.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'

/** The sort keys, in the order of the columns. */
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

/** Filter, order and page of a listing. */
export interface RowQuery extends ListOrder<SortKey> {
  /** Text that names contain or info hashes begin with, in lower case; empty for all. */
  readonly filter: string
}

/** In UTF-16 units. */
const MAX_FILTER = 100

/** Reads a page's query. Missing and invalid fields get their defaults. */
export function parseRowQuery(parameters: URLSearchParams, hasNames: boolean): RowQuery {
  return {
    ...parseOrder(parameters, SORT_KEYS, hasNames ? 'name' : 'hash'),
    filter: (parameters.get('q') ?? '').trim().slice(0, MAX_FILTER).toLowerCase(),
  }
}

/** Formats a query for a link, without default values. */
export function formatRowQuery({ sort, isDescending, filter, page }: RowQuery): string {
  const parameters = new URLSearchParams({ sort })
  if (isDescending) parameters.set('order', 'desc')
  if (filter !== '') parameters.set('q', filter)
  if (page > 1) parameters.set('page', String(page))
  return `?${parameters.toString()}`
}

/** Compares rows by a column, and by info hash if they are equal there. */
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

/** Whether the name of a row contains the filter or its info hash begins with it. */
export function matchesFilter(row: SwarmRow, filter: string): boolean {
  return (row.name?.toLowerCase().includes(filter) ?? false) || row.infoHash.startsWith(filter)
}
