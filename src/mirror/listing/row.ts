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
