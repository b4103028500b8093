/** An entry of a directory as it is listed; of a link, what it leads to. */
export interface ListingRow {
  readonly name: string
  readonly isDirectory: boolean
  /** In bytes; 0 for directories. */
  readonly size: number
  /** When it was changed, in milliseconds since 1970. */
  readonly modified: number
}

/** What a row costs beside its name, in bytes, with its place in a few orders. */
const ROW_COST = 120

/** Bytes of memory that a row takes. */
export function costOfRow({ name }: Pick<ListingRow, 'name'>): number {
  return ROW_COST + 2 * name.length
}
