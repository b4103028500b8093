import { SORT_KEYS, type SortKey } from './order.js'

/** The wanted rows of a directory, and their order. */
export interface ListingQuery {
  readonly sort: SortKey
  readonly isDescending: boolean
  /** Text that names must contain, in small or capital letters; empty for all. */
  readonly filter: string
  /** From 1. */
  readonly page: number
  /** Whether the answer must be JSON, whatever the client prefers. */
  readonly isJson: boolean
}

/** In UTF-16 units: no name is longer. */
export const MAX_FILTER = 255

/** Reads the query of an address; missing and invalid values get their defaults. */
export function parseListingQuery(url: string): ListingQuery {
  const parameters = new URLSearchParams(url.split(/\?(.*)/s, 2)[1])
  const page = Number(/^\d{1,7}$/.exec(parameters.get('page') ?? '')?.[0] ?? 1)
  return {
    sort: SORT_KEYS.find((key) => key === parameters.get('sort')) ?? 'name',
    isDescending: parameters.get('order') === 'desc',
    filter: (parameters.get('filter') ?? '').trim().slice(0, MAX_FILTER),
    page: Math.max(1, page),
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
