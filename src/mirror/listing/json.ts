import { jsonLine } from '../../text/escape.js'
import type { Pause } from '../../server/pages/slices.js'
import type { Listing, ListingPage } from './listing.js'
import { linksOf, type LinkContext } from './links.js'
import { formatListingQuery, type ListingQuery } from './query.js'
import type { ListingRow } from './row.js'

/** Rows that are formatted together. */
const CHUNK = 200

/** A page of a listing. */
export interface ListingView {
  readonly components: readonly string[]
  readonly listing: Listing
  readonly page: ListingPage
  readonly query: ListingQuery
  readonly links: LinkContext
}

/** A page of a listing as JSON, a line for each entry. */
export async function* jsonOfListing(view: ListingView, pause: Pause): AsyncGenerator<string> {
  const { components, listing, page, query, links } = view
  const { rows, ...figures } = page
  const isLast = page.page === page.pages
  const next = isLast ? null : formatListingQuery({ ...query, isJson: true, page: page.page + 1 })
  const { isCut, unnameable } = listing.parts
  const path = ['', ...components, ''].join('/')
  const head = jsonLine({ path, ...figures, isCut, unnameable, next })
  yield head.replace(/\}\n$/, ',"entries":[')
  for (let start = 0; start < rows.length; start += CHUNK) {
    const lines = rows
      .slice(start, start + CHUNK)
      .map((row) => jsonLine(jsonOfRow(row, links)).trimEnd())
    yield `${start === 0 ? '' : ','}\n${lines.join(',\n')}`
    await pause()
  }
  yield '\n]}\n'
}

function jsonOfRow(row: ListingRow, links: LinkContext) {
  const { name, isDirectory, size, modified } = row
  return {
    name,
    type: isDirectory ? 'directory' : 'file',
    size: isDirectory ? null : size,
    mtime: new Date(modified).toISOString(),
    ...linksOf(row, links),
    ...swarmOf(name, links),
  }
}

/** The peers of a file; nothing if no tracker knows its torrent. */
function swarmOf(name: string, { swarms }: LinkContext) {
  const counts = swarms.get(name)
  return counts && { seeds: counts.seeds, leechers: counts.leechers }
}
