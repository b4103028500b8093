import { dirname, relative, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isWithin } from '../../../disk/look/inside.js'
import { SLICE, filterInSlices, type Pause } from '../../../page-parts/slices.js'
import { type Paged, paged } from '../../../page-parts/sorting.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'
import { placeNames } from '../overview/torrent-links.js'
import { type CatalogueQuery, CatalogueCategory } from './category.js'
import type { Snapshot } from '../overview/torrent-rows.js'
import type { SwarmRow } from '../overview/swarm-row.js'

/** Categories on a page. */
const CATEGORIES = 60

/** A directory with categories. */
export interface CatalogueRoot {
  readonly path: string
  /** Whether its torrents are retired. */
  readonly isArchive: boolean
}

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
  readonly current = new CatalogueCategory([], false, null)
  readonly archive = new CatalogueCategory([], true, null)
  readonly #roots: readonly CatalogueRoot[]
  readonly #byDirectory = new Map<string, CatalogueCategory>()
  readonly #bySummary = new Map<KnownSummary, CatalogueCategory>()

  private constructor(
    private readonly snapshot: Snapshot,
    roots: readonly CatalogueRoot[],
  ) {
    // An archive may be inside a directory of current torrents
    this.#roots = roots.toSorted((a, b) => b.path.length - a.path.length)
  }

  /** Puts all torrents into categories, in small steps. */
  static async fill(snapshot: Snapshot, roots: readonly CatalogueRoot[]): Promise<Shelves> {
    const shelves = new Shelves(snapshot, roots)
    for (const [at, { torrent }] of snapshot.rows.entries()) {
      const summary = torrent?.metainfo
      if (summary) shelves.categoryOf(summary).count(summary.size, summary.addedMs ?? 0)
      if (at % SLICE === 0) await setImmediate()
    }
    shelves.archive.number(shelves.current.number(0))
    return shelves
  }

  /**
   * The category of a torrent: the directory of its .torrent, or of its content in the mirror of
   * this process. Others are in none.
   */
  categoryOf(summary: KnownSummary): CatalogueCategory {
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
      const own = summary && this.categoryOf(summary)
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
      if (row && summary && category.holds(this.categoryOf(summary))) newest.push(row)
      if (at % SLICE === 0) await setImmediate()
    }
    return this.#rows(newest)
  }

  #rows(rows: readonly SwarmRow[]): CatalogueRow[] {
    return rows.flatMap((row) => {
      const summary = row.torrent?.metainfo
      return summary ? [{ ...row, entry: { summary, category: this.categoryOf(summary) } }] : []
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
