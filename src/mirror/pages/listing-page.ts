import type { KnownCounts } from '../../metainfo/swarm-counts.js'
import {
  formatListingQuery,
  linksOf,
  type Listing,
  MAX_FILTER,
  type ListingQuery,
  type ListingRow,
  type RowLinks,
} from './listing.js'
import type { CurrentPage } from './listings.js'
import { type Readme, renderReadme } from './readme.js'
import { type HeaderOptions, INDEX, mirrorPage, stepsAbove, wayUp } from './site-header.js'
import { viewsOf } from '../tree/address.js'
import { type Page, renderTop } from '../../page-parts/layout.js'
import * as texts from '../../browser/texts.js'
import { InlineScript, InlineStyle } from '../../page-parts/policy.js'
import type { Pause } from '../../page-parts/slices.js'
import { keptField, orderFields, renderPages, sortForms } from '../../page-parts/sorting.js'
import { entryCells, entryColumns } from '../../page-parts/rows.js'
import { renderSearch } from '../../page-parts/search.js'
import { type Cells, renderTable, rowRenderer } from '../../page-parts/table.js'
import { WORDS } from '../../page-parts/words.js'
import { escapeText } from '../../base/text/escape.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { count, counted, formatBytes } from '../../base/text/quantity.js'
import { isRaw } from '../../base/text/raw-path.js'

/** Rows that are rendered together: less than a millisecond's work. */
const CHUNK = 50

/** A page of a directory and everything that is shown on it. */
export interface ListingView {
  readonly components: readonly string[]
  /** The beginning of the addresses of its entries' views. */
  readonly views: string
  readonly query: ListingQuery
  readonly listing: Listing
  readonly page: CurrentPage
  /** The counts of files' swarms, by name, if a tracker knows them. */
  readonly swarms: ReadonlyMap<string, KnownCounts>
  /** Null on the further pages, and if there is none. */
  readonly readme: Readme | null
  /** Whether the whole directory has a torrent. */
  readonly hasTorrent: boolean
  /** Whether files are sent here. */
  readonly hasFiles: boolean
}

/** Renders a page of a directory for people. */
export async function renderListing(
  view: ListingView,
  options: HeaderOptions,
  pause: Pause,
): Promise<Page> {
  const { components, query, page, readme } = view
  const root = wayUp(components)
  const pages = (label: string) => {
    return renderPages(page, (to) => formatListingQuery({ ...query, page: to }), label)
  }
  const { filter } = query
  const nothing =
    filter === '' ? 'This folder is empty.' : `Nothing in here has “${filter}” in its name.`
  const table = page.rows.length > 0 ? await renderRows(view, pause) : html`<p>${nothing}</p>`
  return mirrorPage(
    options,
    {
      root,
      current: { folder: components },
      style: readme ? README_STYLE : FILES_STYLE,
      script: LISTING_SCRIPT,
      title: titleOf(components),
      head: options.warm && feedLink(root),
      ...(options.warm && {
        footer: html`<a href="${root}./-/feed.xml">Feed of new torrents</a>`,
      }),
    },
    html`${renderHead(view)} ${pages('Pages')}`,
    table,
    html`${renderNotes(view)}${pages('Pages, bottom')}${readme && renderReadme(readme)}`,
  )
}

function titleOf(components: readonly string[]): string {
  return components.at(-1) ?? INDEX
}

/**
 * The entries of a page. Files of a directory can be chosen for one torrent, also without scripts.
 */
async function renderRows(view: ListingView, pause: Pause): Promise<Html> {
  const { rows } = view.page
  const canChoose = view.hasTorrent && rows.some((row) => isChoosable(row, view))
  const columns = entryColumns(WORDS.changed, canChoose)
  const renderRow = rowRenderer(columns, 'listing')
  const rendered: Html[] = []
  for (let start = 0; start < rows.length; start += CHUNK) {
    const chunk = rows.slice(start, start + CHUNK)
    rendered.push(...chunk.map((row) => renderRow(cellsOf(row, view, canChoose))))
    await pause()
  }
  const table = renderTable({
    label: titleOf(view.components),
    columns,
    rows: rendered,
    order: view.query,
    style: 'listing',
    chosen: canChoose && CHOSEN,
  })
  const sort = sortForms(keptField('filter', view.query.filter))
  if (!canChoose) return html`${sort}${table}`
  return html`${sort}
    <form method="get" action="./">${table}</form>`
}

const CHOSEN = html`<b id="chosen" aria-live="polite">The chosen files</b>
  <button name="torrent">${WORDS.downloadTorrent}</button>
  <button name="magnet">Magnet</button>
  <button name="list">List of links</button>`

/** Whether a file can be chosen: a name that is not shown as it is could not be sent back. */
function isChoosable({ name, isDirectory, size }: ListingRow, { hasFiles }: ListingView): boolean {
  return hasFiles && !isDirectory && size > 0 && escapeText(name) === name
}

/** The cells of an entry of the directory. */
function cellsOf(row: ListingRow, view: ListingView, canChoose: boolean): Cells {
  const { name } = row
  const cells = listingCells(row, {
    links: linksOf(row, view.views),
    after: view.listing.parts.taken.has(name) && html`<small>stored</small>`,
    counts: view.swarms.get(name),
  })
  if (!canChoose) return cells
  return [isChoosable(row, view) && boxOf(name), ...cells]
}

function boxOf(name: string): Html {
  return html`<input type="checkbox" name="f" value="${name}" aria-label="choose ${name}" />`
}

/** The parts of a row that depend on its table. */
interface RowParts {
  readonly links: RowLinks
  /** Below the name. */
  readonly after: HtmlValue
  readonly counts: KnownCounts | undefined
  /** The words that were searched. */
  readonly found?: readonly string[]
}

/** The cells of a file or directory. */
export function listingCells(row: ListingRow, parts: RowParts): Cells {
  const { name, isDirectory, size, modified: time } = row
  const { links, after, counts = null, found = [] } = parts
  const { address, torrent, details } = links
  const page = details === null ? null : { address: details, what: torrent ? 'torrent' : 'details' }
  const shown = isDirectory ? sizeOfDirectory(row) : size
  // Lists all properties: to spread them takes several times as long, and there are many rows
  const entry = { name, address, isDirectory, size: shown, time, counts, page, after, found }
  return entryCells(entry)
}

/** The size of a directory, or else how much is in it; null if nothing is known of it. */
function sizeOfDirectory({ isEmpty, entries, below }: ListingRow): number | string | null {
  if (isEmpty === true) return 'empty'
  if (below != null) return below
  if (entries === undefined) return null
  return entries === null ? 'over 500 entries' : count(entries, 'entry', 'entries')
}

/** Entries of a folder that is longer than a screen. */
const SCREEN = 20

/** The path of a directory, what is in it, and what can be done with it. */
function renderHead(view: ListingView): Html {
  const { components, query, hasTorrent, page } = view
  const { filter } = query
  const all = formatListingQuery({ ...query, filter: '', page: 1 })
  const root = wayUp(components)
  const isLong = page.directories + page.files > SCREEN || filter !== ''
  return renderTop({
    title: titleOf(components),
    above: stepsAbove(components, root),
    sub: html`<span id="shown" role="status">${describe(view)}</span>
      ${filter !== '' && html`with “${filter}” in the name, <a href="${all}">${WORDS.showAll}</a>`}`,
    acts: [
      isLong &&
        renderSearch({
          id: 'filter',
          action: './',
          name: 'filter',
          value: filter,
          most: MAX_FILTER,
          placeholder: WORDS.filterFolder,
          kept: orderFields(query, 'name'),
        }),
      hasTorrent &&
        html`<a class="button" href="${viewsOf(root, components)}.magnet" rel="nofollow"
          >${WORDS.torrentOfFolder}</a
        >`,
    ],
  })
}

const STORED = '“stored”: the mirror has this file; the server does not generate it.'

/** Notes on entries that are not listed, and on the signs in the list. */
function renderNotes({ listing, page }: ListingView): Html {
  const { isCut, unnameable } = listing.parts
  const names = unnameable === 1 ? 'One entry has a name' : `${unnameable} entries have names`
  const hasStored = page.rows.some(({ name }) => listing.parts.taken.has(name))
  const hasRaw = page.rows.some(({ name }) => isRaw(name))
  return html`${isCut && html`<p>Not all are listed, only ${counted(page.files + page.directories, 'entry', 'entries')}; the folder has more.</p>`}
  ${unnameable > 0 && html`<p>${names} that no address can contain: a backslash, or “-” alone in the root.</p>`}
  ${hasRaw && html`<p>Names that are not UTF-8 have no torrent until they are changed.</p>`}
  ${hasStored && html`<p class="muted">${STORED}</p>`}`
}

/** The link by which browsers and feed readers find the feed. */
function feedLink(root: string): Html {
  const address = `${root}./-/feed.xml`
  return html`<link
    rel="alternate"
    type="application/rss+xml"
    title="New torrents"
    href="${address}"
  />`
}

/** The number of entries and their size. */
function describe({ page, query }: ListingView): string {
  const { directories, files, size, below } = page
  const isAll = directories > 0 && below !== null && query.filter === ''
  const part = directories > 0 ? `${formatBytes(size)} in these files` : formatBytes(size)
  const parts = [
    ...(directories > 0 ? [counted(directories, 'folder')] : []),
    ...(files > 0 ? [counted(files, 'file')] : []),
    ...(isAll ? [`${formatBytes(below)} in all`] : files > 0 ? [part] : []),
  ]
  return parts.join(' · ')
}

/** The script of listings, and the styles of all pages with files. */
export const LISTING_SCRIPT = new InlineScript(texts.LISTING_SCRIPT)
export const FILES_STYLE = new InlineStyle(texts.LIST_STYLE)
const README_STYLE = new InlineStyle(texts.README_LIST_STYLE)
