import { filterInSlices, sortInSlices, type Pause } from '../../server/pages/slices.js'
import type { ListingQuery, SortKey } from './query.js'

/** A listed entry of a directory; a link is listed as its target. */
export interface ListingRow {
  readonly name: string
  readonly isDirectory: boolean
  /** In bytes; 0 for directories. */
  readonly size: number
  /** When it was last modified, in milliseconds since 1970. */
  readonly modified: number
}

/** Bytes that a row takes beside its name, including its place in a few orders. */
const ROW_COST = 120

/** Bytes of memory that a row takes. */
export function costOfRow({ name }: Pick<ListingRow, 'name'>): number {
  return ROW_COST + 2 * name.length
}

/** The entries of a directory as they were read. */
export interface ListingParts {
  /** Each list is sorted by name. */
  readonly directories: readonly ListingRow[]
  readonly files: readonly ListingRow[]
  /** The README of the directory; null if there is none. */
  readonly readme: ListingRow | null
  /** Names of entries that occupy the addresses of other entries' views. */
  readonly taken: ReadonlySet<string>
  /** Whether the directory has more entries than are listed. */
  readonly isCut: boolean
  /** Number of entries whose names no address can contain. */
  readonly unnameable: number
  /** Distinguishes this state of the directory from others. */
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
  readonly directories: readonly ListingRow[]
  readonly files: readonly ListingRow[]
}

/** The entries of a directory at one time. */
export class Listing {
  readonly #sorted = new Map<SortKey, SortedRows>()

  constructor(readonly parts: ListingParts) {
    this.#sorted.set('name', parts)
  }

  /** Number of listed entries. */
  get length(): number {
    return this.parts.directories.length + this.parts.files.length
  }

  /** A page of `pageLength` rows, directories first. */
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

/** The rows from `start` to before `end`, counted from the last row if `isReversed`. */
function cut(rows: readonly ListingRow[], { start, end, isReversed }: Stretch): ListingRow[] {
  const inside = (at: number) => Math.min(Math.max(0, at), rows.length)
  const [from, to] = [inside(start), inside(end)]
  if (!isReversed) return rows.slice(from, to)
  return rows.slice(rows.length - to, rows.length - from).reverse()
}

/**
 * A form of a name that sorts as people expect: numbers by their value, so that 1.9 precedes 1.10,
 * and without a difference between small and capital letters.
 */
export function naturalKey(name: string): string {
  const key = name.toLowerCase()
  return /\d/.test(key) ? key.replace(/\d+/g, lengthFirst) : key
}

/** Puts the number of digits first: without leading zeros, more digits mean a larger number. */
function lengthFirst(digits: string): string {
  const number = digits.replace(/^0+(?=\d)/, '')
  return `0${String.fromCharCode(0x30 + number.length)}${number}`
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

/** Sorts rows that are sorted by name; equal ones keep their order. */
export async function sortBy(
  key: Exclude<SortKey, 'name'>,
  rows: readonly ListingRow[],
  pause: Pause,
): Promise<ListingRow[]> {
  const value = VALUES[key]
  return sortInSlices(rows, (a, b) => value(a) - value(b), pause)
}

const VALUES: Readonly<Record<Exclude<SortKey, 'name'>, (row: ListingRow) => number>> = {
  size: ({ size }) => size,
  date: ({ modified }) => modified,
}
