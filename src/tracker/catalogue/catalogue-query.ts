import { pageNumber, parseOrder, type ListOrder } from '../../server/pages/sorting.js'

/** The sort keys, in the order of the columns. */
export const CATALOGUE_SORTS = [
  'name',
  'size',
  'added',
  'complete',
  'downloading',
  'downloaded',
] as const
export type CatalogueSort = (typeof CATALOGUE_SORTS)[number]

/** The sort keys whose values do not depend on swarms. */
export type FixedSort = 'name' | 'size' | 'added'

/** Words that are searched, order and page of a list. */
export interface CatalogueQuery extends ListOrder<CatalogueSort> {
  /** As it was typed, cut at its longest. */
  readonly search: string
  /** The words of the search in lower case. */
  readonly words: readonly string[]
  /** The page of subcategories, counted from 1. */
  readonly categories: number
}

/** The longest search in UTF-16 units, and its most words: the cost is linear in both. */
export const MAX_SEARCH = 100
const MAX_WORDS = 8

/** Reads a page's query. Missing and invalid fields get their defaults. */
export function parseCatalogueQuery(query: string): CatalogueQuery {
  const parameters = new URLSearchParams(query)
  const search = (parameters.get('q') ?? '').slice(0, MAX_SEARCH).trim()
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return {
    search,
    words: words.slice(0, MAX_WORDS),
    ...parseOrder(parameters, CATALOGUE_SORTS, 'name'),
    categories: pageNumber(parameters.get('categories')),
  }
}

/** Formats a query for a link. It names the order, because the front page has no list without one. */
export function formatCatalogueQuery(query: Omit<CatalogueQuery, 'words'>): string {
  const { search, sort, isDescending, page, categories } = query
  const parameters = new URLSearchParams({ sort })
  if (search !== '') parameters.set('q', search)
  if (isDescending) parameters.set('order', 'desc')
  if (page > 1) parameters.set('page', String(page))
  if (categories > 1) parameters.set('categories', String(categories))
  return `./?${parameters.toString()}`
}
