import { dirname, relative, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isWithin } from '../../files/inside.js'
import { SLICE, mergeInSlices, sortInSlices } from '../../server/pages/slices.js'
import { type AllowedTorrent, type TorrentSummary, swarmHashes } from '../allowed/known-torrent.js'
import { type CatalogueQuery, Category, type FixedSort } from './category.js'

/** The most torrents that are listed. */
const MAX_ENTRIES = 200_000

/** The newest torrents of a category that are kept. */
const MOST_NEWEST = 50

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
  /** The directory of its file; null if it has none. */
  readonly directory: string | null
  /** In lower case: its name, and its category and name, for searches. */
  readonly name: string
  readonly text: string
}

/** The torrents that pass a query, and the sum of their sizes. */
interface Selection {
  /** In ascending order of the query's sort key. */
  readonly entries: CatalogueEntry[]
  readonly size: number
}

/** All torrents by category, at one time. */
export class CatalogueIndex {
  readonly #torrents: ReadonlyMap<string, AllowedTorrent>
  readonly #places: Places
  readonly #entries: CatalogueEntry[] = []
  readonly #bySummary = new Map<TorrentSummary, CatalogueEntry>()
  readonly #orders = new Map<FixedSort, Promise<readonly CatalogueEntry[]>>()
  readonly #newest = new Map<Category, Promise<readonly CatalogueEntry[]>>()

  private constructor(
    torrents: ReadonlyMap<string, AllowedTorrent>,
    roots: readonly CatalogueRoot[],
  ) {
    this.#torrents = torrents
    this.#places = new Places(roots)
  }

  /**
   * Puts all torrents into categories, in small steps. Takes over the texts and orders of a
   * `previous` index for torrents that it had.
   */
  static async build(
    torrents: ReadonlyMap<string, AllowedTorrent>,
    roots: readonly CatalogueRoot[],
    previous: CatalogueIndex | null = null,
  ): Promise<CatalogueIndex> {
    const index = new CatalogueIndex(torrents, roots)
    const added: CatalogueEntry[] = []
    for (const torrent of torrents.values()) {
      if (index.#entries.length === MAX_ENTRIES) break
      const { metainfo } = torrent
      const known = previous && metainfo && previous.#bySummary.get(metainfo)
      const entry = known?.torrent === torrent ? index.#adopt(known) : index.find(torrent)
      // A hybrid torrent is listed once, by its first hash
      if (entry?.torrent !== torrent) continue
      const { category, summary } = entry
      category.count(summary.size, summary.addedMs ?? 0)
      index.#bySummary.set(summary, entry)
      if (!known) added.push(entry)
      if (index.#entries.push(entry) % SLICE === 0) await setImmediate()
    }
    index.archive.number(index.current.number(0))
    if (previous) await index.#adoptOrders(previous, added)
    return index
  }

  #adopt(known: CatalogueEntry): CatalogueEntry {
    const { torrent, summary, directory, name, text } = known
    return { torrent, summary, category: this.#places.at(directory), directory, name, text }
  }

  /** Takes over orders, in which only entries that were `added` must be sorted. */
  async #adoptOrders(previous: CatalogueIndex, added: readonly CatalogueEntry[]): Promise<void> {
    for (const [sort, sorted] of previous.#orders) {
      const kept: CatalogueEntry[] = []
      for (const [at, { summary }] of (await sorted).entries()) {
        const entry = this.#bySummary.get(summary)
        if (entry) kept.push(entry)
        if (at % SLICE === 0) await setImmediate()
      }
      const compare = COMPARE[sort]
      const runs = [kept, await sortInSlices(added, compare)] as const
      this.#orders.set(sort, mergeInSlices(runs, compare))
    }
  }

  /** The categories of current torrents. */
  get current(): Category {
    return this.#places.current
  }

  /** The categories of retired torrents. */
  get archive(): Category {
    return this.#places.archive
  }

  /** The entry of a torrent by any of its info hashes; null if it has no name. */
  find({ metainfo: summary }: AllowedTorrent): CatalogueEntry | null {
    const [first = ''] = summary === null ? [] : swarmHashes(summary)
    const torrent = this.#torrents.get(first)
    if (summary === null || !torrent) return null
    const directory = summary.path === null ? null : dirname(summary.path)
    const category = this.#places.at(directory)
    const name = summary.name.toLowerCase()
    // Made small as a whole, so that it is one piece in memory
    const text = `${category.path.join('/')}/${summary.name}`.toLowerCase()
    return { torrent, summary, category, directory, name, text }
  }

  /** All entries in the order of a value that does not depend on swarms. */
  order(sort: FixedSort): Promise<readonly CatalogueEntry[]> {
    const order = this.#orders.get(sort) ?? sortInSlices(this.#entries, COMPARE[sort])
    this.#orders.set(sort, order)
    return order
  }

  /** At most `most` (up to 50) of the newest torrents of a category, the newest first. */
  async newest(category: Category, most: number): Promise<readonly CatalogueEntry[]> {
    const known = this.#newest.get(category) ?? this.#findNewest(category)
    this.#newest.set(category, known)
    return (await known).slice(0, most)
  }

  async #findNewest(category: Category): Promise<readonly CatalogueEntry[]> {
    const order = await this.order('added')
    const wanted = Math.min(MOST_NEWEST, category.torrents)
    const newest: CatalogueEntry[] = []
    for (let at = order.length - 1; at >= 0 && newest.length < wanted; at -= 1) {
      const entry = order[at]
      if (entry && category.holds(entry.category)) newest.push(entry)
      if (at % SLICE === 0) await setImmediate()
    }
    return newest
  }
}

const COMPARE: Readonly<Record<FixedSort, (a: CatalogueEntry, b: CatalogueEntry) => number>> = {
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  size: (a, b) => a.summary.size - b.summary.size,
  added: (a, b) => (a.summary.addedMs ?? 0) - (b.summary.addedMs ?? 0),
}

/** Selects the torrents of a category that have all words of the query. */
export function select(
  order: readonly CatalogueEntry[],
  category: Category,
  { words }: Pick<CatalogueQuery, 'words'>,
): Selection {
  const tests = words.map((word) => ({ word, isHash: /^[\da-f]{6,64}$/.test(word) }))
  const entries: CatalogueEntry[] = []
  let size = 0
  for (const entry of order) {
    if (!category.holds(entry.category) || !tests.every((test) => passes(entry, test))) continue
    entries.push(entry)
    size += entry.summary.size
  }
  return { entries, size }
}

function passes(
  { text, summary }: CatalogueEntry,
  { word, isHash }: { readonly word: string; readonly isHash: boolean },
): boolean {
  if (text.includes(word)) return true
  if (!isHash) return false
  return [summary.infoHash, summary.infoHashV2].some((hash) => hash?.startsWith(word))
}

/** Finds the category of each directory. */
class Places {
  readonly current = new Category([], false, null)
  readonly archive = new Category([], true, null)
  readonly #roots: readonly CatalogueRoot[]
  readonly #known = new Map<string, Category>()

  constructor(roots: readonly CatalogueRoot[]) {
    // An archive may be inside a directory of current torrents
    this.#roots = roots.toSorted((a, b) => b.path.length - a.path.length)
  }

  /** Torrents without a file, of which the directory is null, are in no category. */
  at(directory: string | null): Category {
    if (directory === null) return this.current
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
