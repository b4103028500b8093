import { sortInSlices, type Pause } from '../../server/pages/slices.js'
import type { ListingRow } from './row.js'

/** The sort keys of rows, in the order of the columns. */
export const SORT_KEYS = ['name', 'size', 'date'] as const

export type SortKey = (typeof SORT_KEYS)[number]

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
