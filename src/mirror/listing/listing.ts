import { filterInSlices, type Pause } from '../../server/pages/slices.js'
import { sortBy, type SortKey } from './order.js'
import type { ListingQuery } from './query.js'
import type { ListingRow } from './row.js'

/** What a directory came to when it was read. */
export interface ListingParts {
  /** Each sorted by name. */
  readonly directories: readonly ListingRow[]
  readonly files: readonly ListingRow[]
  /** The file that tells what the directory is about, if there is one. */
  readonly readme: ListingRow | null
  /** The names of entries that are at the addresses of views of others. */
  readonly taken: ReadonlySet<string>
  /** Whether there are more entries than are listed. */
  readonly isCut: boolean
  /** Entries whose names no address can hold. */
  readonly unnameable: number
  /** What tells this state of the directory from others. */
  readonly digest: string
}

/** Rows of a page, and what is to be said beside them. */
export interface ListingPage {
  readonly rows: readonly ListingRow[]
  /** The page that this is, and how many there are; from 1 on. */
  readonly page: number
  readonly pages: number
  /** Of all rows that pass the filter. */
  readonly directories: number
  readonly files: number
  /** Bytes of these files. */
  readonly size: number
}

/** Rows that pass a filter, sorted. */
interface SortedRows {
  readonly directories: readonly ListingRow[]
  readonly files: readonly ListingRow[]
}

/** The entries of a directory as they were at one time. */
export class Listing {
  readonly #sorted = new Map<SortKey, SortedRows>()

  constructor(readonly parts: ListingParts) {
    this.#sorted.set('name', parts)
  }

  /** How many entries are listed. */
  get length(): number {
    return this.parts.directories.length + this.parts.files.length
  }

  /** A page of so many rows, directories first. */
  async page(query: ListingQuery, pageLength: number, pause: Pause): Promise<ListingPage> {
    const { directories, files } = await this.#passing(query, pause)
    const pages = Math.max(1, Math.ceil((directories.length + files.length) / pageLength))
    const page = Math.min(query.page, pages)
    const start = (page - 1) * pageLength
    const isReversed = query.isDescending
    const rows = [
      ...cut(directories, { start, end: start + pageLength, isReversed }),
      ...cut(files, {
        start: start - directories.length,
        end: start - directories.length + pageLength,
        isReversed,
      }),
    ]
    const size = files.reduce((sum, row) => sum + row.size, 0)
    return { rows, page, pages, directories: directories.length, files: files.length, size }
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

  async #sortedBy(key: SortKey, pause: Pause): Promise<SortedRows> {
    const { directories, files } = this.parts
    const known = this.#sorted.get(key)
    if (known || key === 'name') return known ?? this.parts
    const sorted = {
      directories: await sortBy(key, directories, pause),
      files: await sortBy(key, files, pause),
    }
    this.#sorted.set(key, sorted)
    return sorted
  }
}

interface Stretch {
  readonly start: number
  readonly end: number
  readonly isReversed: boolean
}

/** What lies in a stretch of rows, counted from their end if they are reversed. */
function cut(rows: readonly ListingRow[], { start, end, isReversed }: Stretch): ListingRow[] {
  const inside = (at: number) => Math.min(Math.max(0, at), rows.length)
  const [from, to] = [inside(start), inside(end)]
  if (!isReversed) return rows.slice(from, to)
  return rows.slice(rows.length - to, rows.length - from).reverse()
}
