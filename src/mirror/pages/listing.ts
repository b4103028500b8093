import { encodeName } from '../../base/percent.js'
import { namedView, viewAddress, type ViewName } from '../tree/address.js'
import { splitTarget } from '../../server/headers/target.js'
import { filterInSlices, type Pause, sortInSlices } from '../../page-parts/slices.js'
import { type ListOrder, parseOrder } from '../../page-parts/sorting.js'
import { naturalKey } from '../../base/text/natural-order.js'
import { isRaw } from '../../base/text/raw-path.js'

/** A listed entry of a directory as it was last seen; a link is listed as its target. */
export interface ListingRow {
  readonly name: string
  readonly isDirectory: boolean
  /** Whether it is a directory that is known to have nothing for a torrent. */
  isEmpty?: boolean | undefined
  /**
   * The number of entries of a directory; null for more than are counted, absent if it is unknown.
   */
  entries?: number | null | undefined
  /** Bytes of all files below a directory; null or absent if they are unknown. */
  below?: number | null
  /** In bytes; 0 for directories. */
  size: number
  /** When it was last modified, in milliseconds since 1970. */
  modified: number
}

/** Bytes that a row takes beside its name, including its place in a few orders. */
const ROW_COST = 120

/** Bytes of memory that a row takes. */
export function costOfRow({ name }: Pick<ListingRow, 'name'>): number {
  return ROW_COST + Buffer.byteLength(name)
}

/** The entries of a directory as they were read. */
interface SortedEntries extends SortedRows {
  /** The README of the directory; null if there is none. */
  readonly readme: ListingRow | null
  /** Names of entries that occupy the addresses of other entries' views. */
  readonly taken: ReadonlySet<string>
  /** Whether the directory has more entries than are listed. */
  readonly isCut: boolean
  /** Number of entries whose names no address can contain. */
  readonly unnameable: number
  /** Distinguishes the last three from others. */
  readonly digest: string
}

/** The rows of a page, with the figures shown beside them. */
export interface ListingPage {
  readonly rows: readonly ListingRow[]
  /** The number of this page, from 1; and how many pages there are. */
  readonly page: number
  readonly pages: number
  /** Numbers of all rows that pass the filter. */
  readonly directories: number
  readonly files: number
  /** Bytes of these files. */
  readonly size: number
}

/** Rows that pass a filter, sorted. */
interface SortedRows {
  readonly directories: ListingRow[]
  readonly files: ListingRow[]
}

/** The entries of a directory at one time. */
export class Listing {
  readonly #sorted = new Map<ListingKey, SortedRows>()

  constructor(readonly parts: SortedEntries) {}

  /** Number of listed entries. */
  get length(): number {
    return this.parts.directories.length + this.parts.files.length
  }

  /** A page of `pageLength` rows, directories first. */
  async page(query: ListingQuery, pageLength: number, pause: Pause): Promise<ListingPage> {
    const { directories, files } = await this.#passing(query, pause)
    const count = directories.length + files.length
    const pages = Math.max(1, Math.ceil(count / pageLength))
    const page = Math.min(query.page, pages)
    const start = (page - 1) * pageLength
    const inOrder = (rows: ListingRow[]) => (query.isDescending ? rows.toReversed() : rows)
    // A spread of very many takes ten times as long
    const ordered = inOrder(directories).concat(inOrder(files))
    return {
      rows: ordered.slice(start, start + pageLength),
      page,
      pages,
      directories: directories.length,
      files: files.length,
      get size() {
        return files.reduce((sum, row) => sum + row.size, 0)
      },
    }
  }

  /** Enters what was seen of an entry later. */
  note(row: ListingRow, { size, modified }: Pick<ListingRow, 'size' | 'modified'>): void {
    if (row.size === size && row.modified === modified) return
    Object.assign(row, { size, modified, isEmpty: undefined, entries: undefined })
    this.#sorted.clear()
  }

  async #passing({ sort, filter }: ListingQuery, pause: Pause): Promise<SortedRows> {
    const sorted = await this.#sortedBy(sort, pause)
    if (filter === '') return sorted
    const wanted = filter.toLowerCase()
    const passes = ({ name }: ListingRow) => name.toLowerCase().includes(wanted)
    return {
      directories: await filterInSlices(sorted.directories, passes, pause),
      files: await filterInSlices(sorted.files, passes, pause),
    }
  }

  async #sortedBy(key: ListingKey, pause: Pause): Promise<SortedRows> {
    const known = this.#sorted.get(key)
    if (known || key === 'name') return known ?? this.parts
    // Rows that are equal keep their order by name
    const compare = (a: ListingRow, b: ListingRow) => VALUES[key](a) - VALUES[key](b)
    const sorted = {
      directories: await sortInSlices(this.parts.directories, compare, pause),
      files: await sortInSlices(this.parts.files, compare, pause),
    }
    this.#sorted.set(key, sorted)
    return sorted
  }
}

interface KeyedRow {
  readonly row: ListingRow
  readonly key: string
}

/**
 * Sorts rows by name, as people expect. Names that differ only in case or leading zeros have a
 * fixed order, too.
 */
export async function sortByName(rows: readonly ListingRow[], pause: Pause): Promise<ListingRow[]> {
  const keyed: KeyedRow[] = []
  for (const row of rows) {
    if (keyed.push({ row, key: naturalKey(row.name) }) % 1000 === 0) await pause()
  }
  const sorted = await sortInSlices(keyed, compareKeyed, pause)
  return sorted.map(({ row }) => row)
}

function compareKeyed(a: KeyedRow, b: KeyedRow): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  return a.row.name < b.row.name ? -1 : 1
}

const VALUES: Readonly<Record<Exclude<ListingKey, 'name'>, (row: ListingRow) => number>> = {
  size: ({ isDirectory, size, below }) => (isDirectory ? (below ?? -1) : size),
  date: ({ modified }) => modified,
}

/** The sort keys of rows, in the order of the columns. */
const SORT_KEYS = ['name', 'size', 'date'] as const

export type ListingKey = (typeof SORT_KEYS)[number]

/** The wanted rows of a directory, and their order. */
export interface ListingQuery extends ListOrder<ListingKey> {
  /** Text that names must contain, in small or capital letters; empty for all. */
  readonly filter: string
  /** Whether the answer must be JSON, whatever the client prefers. */
  readonly isJson: boolean
}

/** In UTF-16 units: no name is longer. */
export const MAX_FILTER = 255

/** Reads the query of an address; missing and invalid values get their defaults. */
export function parseListingQuery(url: string): ListingQuery {
  const parameters = new URLSearchParams(splitTarget(url)[1])
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

/** The addresses of an entry and its views. */
export interface RowLinks {
  readonly address: string
  /** Null if the entry has none. */
  readonly torrent: string | null
  readonly magnet: string | null
  readonly details: string | null
}

/** The end of a torrent's name. */
const TORRENT = /\.torrent$/i

/** Entries processed between two pauses. */
const CHUNK = 1000

/**
 * The names of entries that occupy the addresses of other entries' views, such as a.iso.sha256
 * beside a.iso.
 */
export async function findTaken(rows: readonly ListingRow[], pause: Pause): Promise<Set<string>> {
  const shadows = new Map<string, string[]>()
  const taken = new Set<string>()
  const inChunks = async (act: (name: string) => void) => {
    for (let start = 0; start < rows.length; start += CHUNK) {
      for (const { name } of rows.slice(start, start + CHUNK)) act(name)
      await pause()
    }
  }
  await inChunks((name) => {
    const of = namedView(name)?.of
    if (of !== undefined) shadows.set(of, [...(shadows.get(of) ?? []), name])
  })
  if (shadows.size > 0) {
    await inChunks((name) => {
      for (const each of shadows.get(name) ?? []) taken.add(each)
    })
  }
  return taken
}

/** The address of an entry, relative to its directory. */
export function addressOf({ name, isDirectory }: Pick<ListingRow, 'name' | 'isDirectory'>): string {
  // With the dot, no name can look like a scheme or host
  return `./${encodeName(name)}${isDirectory ? '/' : ''}`
}

/**
 * Whether there is a torrent: none of empty files and directories, torrents, and names that are not
 * UTF-8.
 */
function hasTorrent({ name, isDirectory, isEmpty, size }: ListingRow): boolean {
  return !isRaw(name) && (isDirectory ? !isEmpty : size > 0 && !TORRENT.test(name))
}

/** The links of an entry in pages; `views` is the beginning of those to its views. */
export function linksOf(row: ListingRow, views: string): RowLinks {
  const view = views + encodeName(row.name)
  const isThere = hasTorrent(row)
  return {
    address: addressOf(row),
    torrent: isThere ? `${view}.torrent` : null,
    magnet: isThere ? `${view}.magnet` : null,
    details: row.isDirectory ? null : `${view}.details`,
  }
}

/**
 * The addresses of an entry for programs, which need not leave views. `taken` has the names of
 * files that are where views would be.
 */
export function addressesOf(
  row: ListingRow,
  taken: ReadonlySet<string>,
): Omit<RowLinks, 'details'> {
  const { name, isDirectory } = row
  const address = addressOf(row)
  const linkTo = (view: ViewName) =>
    viewAddress(address, view, isDirectory || taken.has(`${name}.${view}`))
  const isThere = hasTorrent(row)
  return {
    address,
    torrent: isThere ? linkTo('torrent') : null,
    magnet: isThere ? linkTo('magnet') : null,
  }
}
