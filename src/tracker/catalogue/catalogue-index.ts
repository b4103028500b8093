import { dirname, relative, sep } from 'node:path'
import { sortInSlices } from '../../server/pages/slices.js'
import { isWithin } from '../../files/inside.js'
import { swarmHashes, type AllowedTorrent, type TorrentSummary } from '../allowed/known-torrent.js'
import { Category } from './category.js'
import type { CatalogueQuery, CatalogueSort } from './catalogue-query.js'

/** The most torrents that are listed. */
const MAX_ENTRIES = 200_000

/** A directory with categories. */
export interface CatalogueRoot {
  readonly path: string
  /** Whether its torrents are retired. */
  readonly isArchive: boolean
}

/** A torrent in the catalogue. */
export interface CatalogueEntry {
  readonly torrent: AllowedTorrent
  readonly summary: TorrentSummary
  readonly category: Category
  /** Its category and name in lower case, for searches. */
  readonly text: string
}

/** The torrents that pass a query, and the sum of their sizes. */
export interface Selection {
  /** In ascending order of the query's sort key. */
  readonly entries: readonly CatalogueEntry[]
  readonly size: number
}

/** All torrents by category, at one time. */
export class CatalogueIndex {
  readonly #orders = new Map<CatalogueSort, Promise<readonly CatalogueEntry[]>>()
  readonly #byHash: ReadonlyMap<string, CatalogueEntry>

  private constructor(
    readonly entries: readonly CatalogueEntry[],
    /** The categories of current torrents. */
    readonly current: Category,
    /** The categories of retired torrents. */
    readonly archive: Category,
  ) {
    this.#byHash = new Map(entries.map((entry) => [entry.torrent.infoHash, entry]))
  }

  /** Sorts all torrents into categories, in small steps. Torrents without a name are left out. */
  static async build(
    torrents: ReadonlyMap<string, AllowedTorrent>,
    roots: readonly CatalogueRoot[],
  ): Promise<CatalogueIndex> {
    const places = new Places(roots)
    const named: { readonly name: string; readonly entry: CatalogueEntry }[] = []
    for (const torrent of torrents.values()) {
      const { metainfo: summary } = torrent
      // A hybrid torrent is listed once, by its first hash
      if (summary === null || swarmHashes(summary)[0] !== torrent.infoHash) continue
      const category = places.categoryOf(summary.path)
      const name = summary.name.toLowerCase()
      const text = `${category.path.join('/').toLowerCase()}/${name}`
      category.count(summary.size, summary.addedMs ?? 0)
      named.push({ name, entry: { torrent, summary, category, text } })
      if (named.length === MAX_ENTRIES) break
    }
    const { current, archive } = places
    archive.number(current.number(0))
    const sorted = await sortInSlices(named, (a, b) => (a.name < b.name ? -1 : 1))
    return new CatalogueIndex(
      sorted.map(({ entry }) => entry),
      current,
      archive,
    )
  }

  /** The entry of a torrent by its info hash; null if it is not listed. */
  find({ metainfo, infoHash }: AllowedTorrent): CatalogueEntry | null {
    const [first = infoHash] = metainfo === null ? [] : swarmHashes(metainfo)
    return this.#byHash.get(first) ?? null
  }

  /** The newest torrents of a category, the newest first. */
  async newest(category: Category, most: number): Promise<CatalogueEntry[]> {
    const order = await this.order('added')
    const found: CatalogueEntry[] = []
    for (let i = order.length - 1; i >= 0 && found.length < most; i--) {
      const entry = order[i]
      if (entry && category.holds(entry.category)) found.push(entry)
    }
    return found
  }

  /** All entries in the order of a value that does not depend on swarms. */
  order(key: 'name' | 'size' | 'added'): Promise<readonly CatalogueEntry[]> {
    const known = this.#orders.get(key)
    if (known) return known
    const order = key === 'name' ? Promise.resolve(this.entries) : this.#sortBy(VALUES[key])
    this.#orders.set(key, order)
    return order
  }

  /** Sorting is stable: entries of equal values stay in the order of names. */
  #sortBy(value: (entry: CatalogueEntry) => number): Promise<readonly CatalogueEntry[]> {
    return sortInSlices(this.entries, (a, b) => value(a) - value(b))
  }
}

const VALUES = {
  size: ({ summary }: CatalogueEntry) => summary.size,
  added: ({ summary }: CatalogueEntry) => summary.addedMs ?? 0,
}

/** Selects the torrents of a category that have all words of the query. */
export function select(
  order: readonly CatalogueEntry[],
  category: Category,
  { words }: Pick<CatalogueQuery, 'words'>,
): Selection {
  let size = 0
  const entries = order.filter((entry) => {
    if (!category.holds(entry.category) || !words.every((word) => hasWord(entry, word)))
      return false
    size += entry.summary.size
    return true
  })
  return { entries, size }
}

function hasWord({ text, summary }: CatalogueEntry, word: string): boolean {
  return (
    text.includes(word) ||
    (summary.infoHash?.startsWith(word) ?? false) ||
    (summary.infoHashV2?.startsWith(word) ?? false)
  )
}

/** Finds the category of each file. */
class Places {
  readonly current = new Category([], false, null)
  readonly archive = new Category([], true, null)
  readonly #roots: readonly CatalogueRoot[]
  readonly #known = new Map<string, Category>()

  constructor(roots: readonly CatalogueRoot[]) {
    // An archive may be inside a directory of current torrents
    this.#roots = roots.toSorted((a, b) => b.path.length - a.path.length)
  }

  /** Torrents without a file are in no category. */
  categoryOf(path: string | null): Category {
    if (path === null) return this.current
    const directory = dirname(path)
    const known = this.#known.get(directory)
    if (known) return known
    const root = this.#roots.find((each) => isWithin(directory, each.path))
    const top = root?.isArchive === true ? this.archive : this.current
    const below = root ? relative(root.path, directory) : ''
    const category = top.at(below === '' ? [] : below.split(sep))
    this.#known.set(directory, category)
    return category
  }
}
