import { parseOrder, type ListOrder } from '../../server/pages/sorting.js'

/** The sort keys of rows, in the order of the columns. */
export const SORT_KEYS = ['name', 'size', 'date'] as const

export type SortKey = (typeof SORT_KEYS)[number]

/** The wanted rows of a directory, and their order. */
export interface ListingQuery extends ListOrder<SortKey> {
  /** Text that names must contain, in small or capital letters; empty for all. */
  readonly filter: string
  /** Whether the answer must be JSON, whatever the client prefers. */
  readonly isJson: boolean
}

/** In UTF-16 units: no name is longer. */
export const MAX_FILTER = 255

/** Reads the query of an address; missing and invalid values get their defaults. */
export function parseListingQuery(url: string): ListingQuery {
  const parameters = new URLSearchParams(url.split(/\?(.*)/s, 2)[1])
  return {
    ...parseOrder(parameters, SORT_KEYS, 'name'),
    filter: (parameters.get('filter') ?? '').trim().slice(0, MAX_FILTER),
    isJson: parameters.has('json'),
  }
}

/** Writes the query without default values; `./` if nothing is left. */
export function formatListingQuery(query: ListingQuery): string {
  const { sort, isDescending, filter, page, isJson } = query
  const parameters = new URLSearchParams()
  if (sort !== 'name') parameters.set('sort', sort)
  if (isDescending) parameters.set('order', 'desc')
  if (filter !== '') parameters.set('filter', filter)
  if (page > 1) parameters.set('page', String(page))
  const words = [
    ...(isJson ? ['json'] : []),
    ...(parameters.size > 0 ? [parameters.toString()] : []),
  ]
  return words.length > 0 ? `?${words.join('&')}` : './'
}
