import { setImmediate } from 'node:timers/promises'
import type { ServerContext } from '../../server/context.js'
import { SLICE } from '../../server/pages/slices.js'
import { type Paged, paged } from '../../server/pages/sorting.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import {
  type CatalogueEntry,
  CatalogueIndex,
  type CatalogueRoot,
  select,
} from './catalogue-index.js'
import type { CatalogueRow } from './category-page.js'
import type { CatalogueQuery, Category } from './category.js'
import { type Figures, figuresOf } from '../page/torrent-rows.js'
import type { SwarmStore } from '../swarms/swarm-store.js'

/** Categories on a page. */
const CATEGORIES = 60

interface CatalogueListsParts extends Pick<ServerContext, 'monotonic'> {
  readonly store: Pick<SwarmStore, 'scrape'>
  readonly torrents: Pick<TorrentList, 'torrents' | 'version'>
  readonly roots: readonly CatalogueRoot[]
}

/** The lists of a category. */
interface CategoryLists {
  readonly children: Paged<Category>
  readonly torrents: Paged<CatalogueRow>
  /** The bytes of all torrents that the query selects. */
  readonly size: number
}

/** An index, and the orders of figures with the times of these. */
interface Shelves {
  readonly version: string
  readonly index: Promise<CatalogueIndex>
  readonly orders: Map<keyof Figures, { order: Promise<readonly CatalogueEntry[]>; at: number }>
}

/** Lists of the catalogue. The index is made again when torrents come or go. */
export class CatalogueLists {
  #shelves: Shelves | null = null

  constructor(private readonly parts: CatalogueListsParts) {}

  /** The index of the current torrents. */
  index(): Promise<CatalogueIndex> {
    return this.#current().index
  }

  /** Lists a category; a page of torrents has at most `length`. */
  async list(category: Category, query: CatalogueQuery, length: number): Promise<CategoryLists> {
    const { entries, size } = select(await this.#order(query), category, query)
    const shown = paged(query.isDescending ? entries.reverse() : entries, query.page, length)
    return {
      children: childrenOf(category, query),
      torrents: { ...shown, items: this.rows(shown.items) },
      size,
    }
  }

  /** The categories and the newest torrents of a category. */
  async front(category: Category, query: CatalogueQuery, most: number): Promise<CategoryLists> {
    const { torrents: total, size } = category
    const items = await this.newest(category, most)
    return {
      children: childrenOf(category, query),
      torrents: { items, total, page: 1, pages: 1 },
      size,
    }
  }

  /** The newest torrents of a category, the newest first. */
  async newest(category: Category, most: number): Promise<CatalogueRow[]> {
    return this.rows(await (await this.index()).newest(category, most))
  }

  /** Adds the current figures to torrents. */
  rows(entries: readonly CatalogueEntry[]): CatalogueRow[] {
    return entries.map((entry) => {
      const { torrent, summary } = entry
      const { infoHash } = torrent
      const figures = figuresOf(summary, this.parts.store)
      return { infoHash, torrent, entry, name: summary.name, size: summary.size, ...figures }
    })
  }

  async #order({ sort }: CatalogueQuery): Promise<readonly CatalogueEntry[]> {
    const { store, monotonic } = this.parts
    const { index, orders } = this.#current()
    if (sort === 'name' || sort === 'size' || sort === 'added') return (await index).order(sort)
    const kept = orders.get(sort)
    const at = monotonic()
    if (kept && at - kept.at < MAX_AGE) return kept.order
    const order = index.then((built) => orderBy(sort, built, store))
    orders.set(sort, { order, at })
    // The next request tries again
    order.catch(() => orders.delete(sort))
    return order
  }

  #current(): Shelves {
    const { torrents, roots } = this.parts
    if (this.#shelves?.version === torrents.version) return this.#shelves
    const before = this.#shelves?.index.catch(() => null) ?? Promise.resolve(null)
    const index = before.then((previous) =>
      CatalogueIndex.build(torrents.torrents, roots, previous),
    )
    const shelves: Shelves = { version: torrents.version, index, orders: new Map() }
    this.#shelves = shelves
    index.catch(() => {
      // The next request tries again
      if (this.#shelves === shelves) this.#shelves = null
    })
    return shelves
  }
}

/** The subcategories on a page. They are beside the first torrents only. */
function childrenOf(category: Category, { search, page, categories }: CatalogueQuery) {
  const isFirst = search === '' && page === 1
  const children = isFirst ? [...category.children.values()].sort(byName) : []
  return paged(children, categories, CATEGORIES)
}

function byName({ path: a }: Category, { path: b }: Category): number {
  const [left, right] = [a.at(-1)?.toLowerCase() ?? '', b.at(-1)?.toLowerCase() ?? '']
  return left < right ? -1 : 1
}

/** Milliseconds for which an order by figures is used again. */
const MAX_AGE = 10_000

/** More than there are entries: a double has room for a place and a figure of 32 bits. */
const PLACES = 2 ** 20

/**
 * All entries of an index in ascending order of a figure, and of names if it is equal. Numbers are
 * sorted without a comparison function, in a few milliseconds.
 */
async function orderBy(
  key: keyof Figures,
  index: CatalogueIndex,
  store: Pick<SwarmStore, 'scrape'>,
): Promise<readonly CatalogueEntry[]> {
  const entries = await index.order('name')
  const keys = new Float64Array(entries.length)
  for (const [place, { summary }] of entries.entries()) {
    keys[place] = figuresOf(summary, store)[key] * PLACES + place
    if (place % SLICE === 0) await setImmediate()
  }
  keys.sort()
  return Array.from(keys, (each) => entries[each % PLACES]).filter((entry) => entry !== undefined)
}
