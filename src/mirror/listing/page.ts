import { html, type Html } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import { renderFrame, type RenderedFrame } from '../../server/pages/layout.js'
import { renderPages } from '../../server/pages/paged.js'
import { sortHeading, type ListOrder } from '../../server/pages/sorting.js'
import type { Pause } from '../../server/pages/slices.js'
import { renderSiteHeader, type HeaderOptions } from '../requests/site-header.js'
import type { ListingView } from './json.js'
import { renderReadme, type Readme } from './readme.js'
import { SORT_KEYS, type SortKey } from './order.js'
import { formatListingQuery, type ListingQuery } from './query.js'
import { renderRow } from './rows.js'
import { renderTools, type ListingTools } from './tools.js'
import { TYPE_AHEAD } from './type-ahead.js'

/** Rows that are rendered together: less than a millisecond's work. */
const CHUNK = 50

/** The facts for a page's frame, known before the directory is read. */
export interface ListingFrame extends ListingTools {
  readonly options: HeaderOptions
}

/** The HTML page before its entries and after them. */
export function renderListingFrame(frame: ListingFrame): RenderedFrame {
  const { components, options } = frame
  const root = '../'.repeat(components.length)
  const path = ['', ...components, ''].join('/')
  const { start, end } = renderFrame({
    title: `Index of ${path}`,
    head: [
      html`<link rel="alternate" type="application/json" href="?json" />`,
      options.warm && feedLink(root),
      TYPE_AHEAD.element,
    ],
    header: [
      renderSiteHeader(options, root, 'files'),
      components.length > 0 && renderPath(components),
    ],
    footer: html`Times are in UTC. <a href="?json">The same as JSON</a>`,
  })
  const heading = html`<h1>${components.at(-1) ?? 'Index of /'}</h1>
    ${renderTools(frame)}`
  return { start: start + heading.text, end }
}

/** The entries of an HTML page. */
export async function* renderEntries(
  view: ListingView & { readonly readme: Readme | null },
  pause: Pause,
): AsyncGenerator<string> {
  const { query, page, readme } = view
  if (page.rows.length > 0) {
    const caption = html`<caption>
      ${describe(view)}
    </caption>`
    yield `<table class="listing">\n${caption.text}${renderHead(query, view.links.swarms.size > 0).text}<tbody>\n`
    for (let start = 0; start < page.rows.length; start += CHUNK) {
      yield page.rows
        .slice(start, start + CHUNK)
        .map((row) => renderRow(row, view.links).text)
        .join('')
      await pause()
    }
    yield '</tbody></table>\n'
  } else {
    yield html`<p>
      ${query.filter === '' ? 'Nothing is in here.' : `Nothing in here has “${query.filter}” in its name.`}
    </p>`.text
  }
  const pages = renderPages(page, (to) => formatListingQuery({ ...query, page: to }), 'Pages')
  yield html`${renderNotes(view)}${pages}${readme && renderReadme(readme)}`.text
}

const COLUMNS: Readonly<Record<SortKey, readonly [title: string, style: string]>> = {
  name: ['Name', 'name'],
  size: ['Size', 'n'],
  date: ['Changed', 'date'],
}

/** The head of the table, with links for sorting. */
function renderHead(query: ListingQuery, hasSwarms: boolean): Html {
  const headings = SORT_KEYS.map((key) => {
    const [title, style] = COLUMNS[key]
    const address = (order: ListOrder<SortKey>) => formatListingQuery({ ...query, ...order })
    return sortHeading({ key, title, style }, query, address)
  })
  return html`<thead>
    <tr>
      ${headings} ${hasSwarms && html`<th scope="col" class="get">Swarm</th>`}
      <th scope="col" class="get">Get</th>
    </tr>
  </thead>`
}

const STORED = '“stored”: the mirror has this file; the server does not generate it.'

/** Notes on entries that are not listed, and on the word "stored" in the list. */
function renderNotes({ listing, page, links }: ListingView): Html {
  const { isCut, unnameable } = listing.parts
  const names = unnameable === 1 ? 'One entry has a name' : `${unnameable} entries have names`
  const hasStored = page.rows.some(({ name }) => links.taken.has(name))
  return html`${isCut && html`<p>Only ${page.files + page.directories} entries are listed; the directory has more.</p>`}
  ${unnameable > 0 && html`<p>${names} that no address can contain: not UTF-8, or with a backslash.</p>`}
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
function describe({ page }: ListingView): string {
  const { directories, files, size } = page
  const parts = [
    ...(directories > 0 ? [directories === 1 ? '1 directory' : `${directories} directories`] : []),
    ...(files > 0 ? [count(files, 'file'), formatBytes(size)] : []),
  ]
  return parts.join(', ')
}

/** The path from the root to a directory, as links. */
function renderPath(components: readonly string[]): Html {
  const steps = ['Index', ...components].map((name, i) => {
    const address = '../'.repeat(components.length - i)
    return i === components.length
      ? html`<li><span aria-current="page">${name}</span></li>`
      : html`<li><a href="${address}">${name}</a></li>`
  })
  return html`<nav aria-label="Path">
    <ol class="path">
      ${steps}
    </ol>
  </nav>`
}
