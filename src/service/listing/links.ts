import { VIEWS, type ViewName } from '../web/asked-view.js'
import { viewAddress, viewByQuery } from '../web/view-address.js'
import type { ListingRow } from './row.js'

/** Where an entry is and what can be had of it, relative to its directory's address. */
export interface RowLinks {
  readonly address: string
  /** Null where there is none to be had. */
  readonly torrent: string | null
  readonly magnet: string | null
}

/** What of a name follows the dot of a torrent. */
const TORRENT = /\.torrent$/i

/** Names that an address of a view would have, too. */
const VIEW = new RegExp(`.\\.(?:${VIEWS.join('|')})$`)

/** The names of entries that come before the views of others at their addresses. */
export function namesOfViews(rows: readonly ListingRow[]): string[] {
  return rows.map(({ name }) => name).filter((name) => VIEW.test(name))
}

/** Where an entry is, relative to its directory's address. */
export function addressOf({ name, isDirectory }: Pick<ListingRow, 'name' | 'isDirectory'>): string {
  // With the dot, no name is taken for a scheme or host
  return `./${encodeURIComponent(name)}${isDirectory ? '/' : ''}`
}

/**
 * The links of an entry; `taken` are the names of entries that would be at addresses of views. Torrents
 * of torrents are of no use, and there are none of empty files.
 */
export function linksOf(row: ListingRow, taken: ReadonlySet<string>): RowLinks {
  const { name, isDirectory, size } = row
  const address = addressOf(row)
  if (isDirectory) return { address, ...viewsByQuery(address) }
  if (size === 0 || TORRENT.test(name)) return { address, torrent: null, magnet: null }
  const linkTo = (view: ViewName) => viewAddress(address, view, taken.has(`${name}.${view}`))
  return { address, torrent: linkTo('torrent'), magnet: linkTo('magnet') }
}

/** The torrent of what is at an address, by queries that work in any case. */
export function viewsByQuery(address: string): { torrent: string; magnet: string } {
  return { torrent: viewByQuery(address, 'torrent'), magnet: viewByQuery(address, 'magnet') }
}
