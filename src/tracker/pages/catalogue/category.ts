import { dirname, relative, sep } from 'node:path'
import { isWithin } from '../../../disk/look/inside.js'
import { encodeName } from '../../../base/percent.js'
import type { Step } from '../../../page-parts/layout.js'
import { WORDS } from '../../../page-parts/words.js'
import { type ListOrder, pageNumber, parseOrder } from '../../../page-parts/sorting.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'
import { placeNames } from '../overview/torrent-links.js'
import { MAX_SEARCH } from '../overview/site.js'

/** A directory of torrents with all directories below it. */
export class CatalogueCategory {
  readonly children = new Map<string, CatalogueCategory>()
  /** The number of torrents here and below. */
  torrents = 0
  /** Their size in bytes. */
  size = 0
  /** When the newest of them was added, in milliseconds since 1970; 0 if unknown. */
  newestMs = 0
  /** The path in lower case, which is searched. */
  readonly text: string
  /** The places of this category and the last one below it, in an order of all categories. */
  #first = 0
  #last = 0

  constructor(
    /** The names of the directories that lead here. */
    readonly path: readonly string[],
    /** Whether its torrents are retired. */
    readonly isArchive: boolean,
    readonly parent: CatalogueCategory | null,
  ) {
    this.text = path.join('/').toLowerCase()
  }

  /** The category of a directory, which is created if needed. */
  at(names: readonly string[]): CatalogueCategory {
    return names.reduce<CatalogueCategory>((category, name) => category.#child(name), this)
  }

  #child(name: string): CatalogueCategory {
    const known = this.children.get(name)
    if (known) return known
    const child = new CatalogueCategory([...this.path, name], this.isArchive, this)
    this.children.set(name, child)
    return child
  }

  /** The category of a directory; null if it has no torrents. */
  find(names: readonly string[]): CatalogueCategory | null {
    const [first, ...rest] = names
    if (first === undefined) return this
    return this.children.get(first)?.find(rest) ?? null
  }

  /** Counts a torrent here and in all categories above. */
  count(size: number, addedMs: number): void {
    this.torrents += 1
    this.size += size
    this.newestMs = Math.max(this.newestMs, addedMs)
    this.parent?.count(size, addedMs)
  }

  /** Numbers all categories, so that `holds` can compare. Returns the next number. */
  number(from: number): number {
    this.#first = from
    let next = from + 1
    for (const child of this.children.values()) next = child.number(next)
    this.#last = next - 1
    return next
  }

  /** Whether a category is this one or below it. */
  holds(other: CatalogueCategory): boolean {
    return other.#first >= this.#first && other.#first <= this.#last
  }
}

/** A directory with categories. */
export interface CatalogueRoot {
  readonly path: string
  /** Whether its torrents are retired. */
  readonly isArchive: boolean
}

/** All categories, each created when it is asked for. */
export class Categories {
  readonly current = new CatalogueCategory([], false, null)
  readonly archive = new CatalogueCategory([], true, null)
  readonly #roots: readonly CatalogueRoot[]
  readonly #byDirectory = new Map<string, CatalogueCategory>()
  readonly #bySummary = new Map<KnownSummary, CatalogueCategory>()

  constructor(roots: readonly CatalogueRoot[]) {
    // An archive may be inside a directory of current torrents
    this.#roots = roots.toSorted((a, b) => b.path.length - a.path.length)
  }

  /**
   * The category of a torrent: the directory of its .torrent, or of its content in the mirror of
   * this process. Others are in none.
   */
  of(summary: KnownSummary): CatalogueCategory {
    const known = this.#bySummary.get(summary)
    if (known) return known
    const { path, place } = summary
    const names = place === null ? [] : placeNames(place).slice(0, -1)
    const category = path === null ? this.current.at(names) : this.#at(dirname(path))
    this.#bySummary.set(summary, category)
    return category
  }

  #at(directory: string): CatalogueCategory {
    const known = this.#byDirectory.get(directory)
    if (known) return known
    const root = this.#roots.find((each) => isWithin(directory, each.path))
    const top = root?.isArchive === true ? this.archive : this.current
    const below = root ? relative(root.path, directory) : ''
    const category = top.at(below === '' ? [] : below.split(sep))
    this.#byDirectory.set(directory, category)
    return category
  }
}

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

/** Words that are searched, order and page of a list. */
export interface CatalogueQuery extends ListOrder<CatalogueSort> {
  /** As it was typed, cut at its longest. */
  readonly search: string
  /** The words of the search in lower case. */
  readonly words: readonly string[]
  /** The page of subcategories, counted from 1. */
  readonly categories: number
}

/** The most words of a search: the cost is linear in them. */
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

/**
 * Formats a query for a link. It names the order, because the front page has no list without one.
 */
export function formatCatalogueQuery(query: Omit<CatalogueQuery, 'words'>): string {
  const { search, sort, isDescending, page, categories } = query
  const parameters = new URLSearchParams({ sort })
  if (search !== '') parameters.set('q', search)
  if (isDescending) parameters.set('order', 'desc')
  if (page > 1) parameters.set('page', String(page))
  if (categories > 1) parameters.set('categories', String(categories))
  return `./?${parameters.toString()}`
}

/** The address of a category; `root` is the way to the tracker's first page, such as `../`. */
export function categoryAddress({ path, isArchive }: CatalogueCategory, root: string): string {
  const names = [isArchive ? 'archive' : 'catalogue', ...path.map(encodeName), '']
  return `${root}${names.join('/')}`
}

/** The way from a category's page to the tracker's first page. */
export function rootFrom({ path }: CatalogueCategory): string {
  return '../'.repeat(path.length + 1)
}

/** The title of a category. */
export function titleOf({ path, isArchive }: CatalogueCategory): string {
  return path.at(-1) ?? (isArchive ? WORDS.archive : WORDS.catalogue)
}

/** A category, null for none, and those above it. */
export function stepsTo(category: CatalogueCategory | null, root: string): Step[] {
  if (category === null) return []
  const step = { address: categoryAddress(category, root), title: titleOf(category) }
  return [...stepsTo(category.parent, root), step]
}
