import { setImmediate } from 'node:timers/promises'
import { SLICE, filterInSlices, type Pause } from '../../../page-parts/slices.js'
import { type Paged, paged } from '../../../page-parts/sorting.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'
import {
  type CatalogueCategory,
  type CatalogueQuery,
  type CatalogueRoot,
  Categories,
} from './category.js'
import type { Snapshot } from '../overview/torrent-rows.js'
import type { SwarmRow } from '../overview/swarm-row.js'

/** Categories on a page. */
const CATEGORIES = 60

/** The place of a torrent in the catalogue. */
export interface CatalogueEntry {
  readonly summary: KnownSummary
  readonly category: CatalogueCategory
}

/** A torrent with its figures and its place. */
export interface CatalogueRow extends SwarmRow {
  readonly entry: CatalogueEntry
}

/** The lists of a category. */
interface CategoryLists {
  readonly children: Paged<CatalogueCategory>
  readonly torrents: Paged<CatalogueRow>
  /** The bytes of all torrents that the query selects. */
  readonly size: number
}

/** The torrents of a snapshot by category. */
export class Shelves {
  readonly current: CatalogueCategory
  readonly archive: CatalogueCategory

  private constructor(
    private readonly snapshot: Snapshot,
    private readonly categories: Categories,
  ) {
    this.current = categories.current
    this.archive = categories.archive
  }

  /** Puts all torrents into categories, in small steps. */
  static async fill(snapshot: Snapshot, roots: readonly CatalogueRoot[]): Promise<Shelves> {
    const categories = new Categories(roots)
    for (const [at, { torrent }] of snapshot.rows.entries()) {
      const summary = torrent?.metainfo
      if (summary) categories.of(summary).count(summary.size, summary.addedMs ?? 0)
      if (at % SLICE === 0) await setImmediate()
    }
    categories.archive.number(categories.current.number(0))
    return new Shelves(snapshot, categories)
  }

  /** Lists a category; a page of torrents has at most `length`. */
  async list(
    category: CatalogueCategory,
    query: CatalogueQuery,
    length: number,
    pause?: Pause,
  ): Promise<CategoryLists> {
    const tests = query.words.map((word) => ({ word, isHash: /^[\da-f]{6,64}$/.test(word) }))
    const sorted = await this.snapshot.order(query.sort)
    const matches = ({ torrent, lowerName }: SwarmRow) => {
      const summary = torrent?.metainfo
      const own = summary && this.categories.of(summary)
      if (!summary || !own || !category.holds(own)) return false
      return tests.every(({ word, isHash }) => {
        if (`${own.text}/${lowerName}`.includes(word)) return true
        return isHash && [summary.infoHash, summary.infoHashV2].some((one) => one?.startsWith(word))
      })
    }
    const found = await filterInSlices(sorted, matches, pause)
    const shown = paged(query.isDescending ? found.reverse() : found, query.page, length)
    return {
      children: childrenOf(category, query),
      torrents: { ...shown, items: this.#rows(shown.items) },
      size: found.reduce((sum, { size }) => sum + (size ?? 0), 0),
    }
  }

  /** The categories and the newest torrents of a category. */
  async front(
    category: CatalogueCategory,
    query: CatalogueQuery,
    most: number,
  ): Promise<CategoryLists> {
    const { torrents: total, size } = category
    const items = await this.newest(category, most)
    const children = childrenOf(category, query)
    return { children, torrents: { items, total, page: 1, pages: 1 }, size }
  }

  /** The newest torrents of a category, the newest first. */
  async newest(category: CatalogueCategory, most: number): Promise<CatalogueRow[]> {
    const order = await this.snapshot.order('added')
    const wanted = Math.min(most, category.torrents)
    const newest: SwarmRow[] = []
    for (let at = order.length - 1; at >= 0 && newest.length < wanted; at -= 1) {
      const row = order[at]
      const summary = row?.torrent?.metainfo
      if (row && summary && category.holds(this.categories.of(summary))) newest.push(row)
      if (at % SLICE === 0) await setImmediate()
    }
    return this.#rows(newest)
  }

  #rows(rows: readonly SwarmRow[]): CatalogueRow[] {
    return rows.flatMap((row) => {
      const summary = row.torrent?.metainfo
      return summary ? [{ ...row, entry: { summary, category: this.categories.of(summary) } }] : []
    })
  }
}

/** The subcategories on a page. They are beside the first torrents only. */
function childrenOf(category: CatalogueCategory, { search, page, categories }: CatalogueQuery) {
  const isFirst = search === '' && page === 1
  const children = isFirst ? byName([...category.children.values()]) : []
  return paged(children, categories, CATEGORIES)
}

/** Sorts categories as people expect. */
function byName(categories: readonly CatalogueCategory[]): CatalogueCategory[] {
  const keyed = categories.map((category) => {
    return { category, key: naturalKey(category.path.at(-1) ?? '') }
  })
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ category }) => category)
}
