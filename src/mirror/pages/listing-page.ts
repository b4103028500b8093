import type { KnownCounts } from '../../clients/scrape/swarm-counts.js'
import {
  asHybrid,
  formatListingQuery,
  linksOf,
  type Listing,
  type ListingPage,
  type ListingQuery,
  type ListingRow,
  MAX_FILTER,
  SORT_KEYS,
  type ListingKey,
  viewsByQuery,
} from './listing.js'
import { type Readme, renderReadme } from './readme.js'
import { type HeaderOptions, renderPath, renderSiteHeader } from '../requests/site-header.js'
import { renderPage } from '../../server/views/layout.js'
import { InlineScript } from '../../server/views/policy.js'
import type { Pause } from '../../server/views/slices.js'
import {
  type ListOrder,
  orderFields,
  renderPages,
  sortHeading,
} from '../../server/views/sorting.js'
import { html, type Html } from '../../text/html.js'
import { counted, formatBytes, formatNumber } from '../../text/quantity.js'

/** Rows that are rendered together: less than a millisecond's work. */
const CHUNK = 50

/** A page of a directory and everything that is shown on it. */
export interface ListingView {
  readonly components: readonly string[]
  readonly query: ListingQuery
  readonly listing: Listing
  readonly page: ListingPage
  /** The counts of files' swarms, by name, if a tracker knows them. */
  readonly swarms: ReadonlyMap<string, KnownCounts>
  /** Null on the further pages, and if there is none. */
  readonly readme: Readme | null
  /** Whether the whole directory has a torrent. */
  readonly hasTorrent: boolean
}

/** Renders a page of a directory for people. */
export async function renderListing(
  view: ListingView,
  options: HeaderOptions,
  pause: Pause,
): Promise<string> {
  const { components, query, page, readme } = view
  const root = '../'.repeat(components.length)
  const pages = renderPages(page, (to) => formatListingQuery({ ...query, page: to }), 'Pages')
  const table = page.rows.length > 0 ? await renderTable(view, pause) : renderNothing(query)
  return renderPage(
    {
      title: `Index of ${['', ...components, ''].join('/')}`,
      head: [
        html`<link rel="alternate" type="application/json" href="?json" />`,
        options.warm && feedLink(root),
        TYPE_AHEAD.element,
      ],
      header: [
        renderSiteHeader(options, root, 'files'),
        components.length > 0 && renderPath(components, components.length),
      ],
      footer: html`Times are in UTC.
        ${options.warm && html`<a href="${root}./-/feed.xml">Feed of new torrents</a>`}
        <a href="?json">The same as JSON</a>`,
    },
    html`<h1>${components.at(-1) ?? 'Index of /'}</h1>
      ${renderTools(view)} ${pages}`,
    table,
    html`${renderNotes(view)}${pages}${readme && renderReadme(readme)}`,
  )
}

/** The entries of a page. */
async function renderTable(view: ListingView, pause: Pause): Promise<Html> {
  const { rows } = view.page
  const rendered: Html[] = []
  for (let start = 0; start < rows.length; start += CHUNK) {
    rendered.push(html`${rows.slice(start, start + CHUNK).map((row) => renderRow(row, view))}`)
    await pause()
  }
  return html`<table class="listing">
    <caption>
      ${describe(view)}
    </caption>
    ${renderHead(view.query, view.swarms.size > 0)}
    <tbody>
      ${rendered}
    </tbody>
  </table>`
}

function renderNothing({ filter }: ListingQuery): Html {
  return html`<p>
    ${filter === '' ? 'Nothing is in here.' : `Nothing in here has “${filter}” in its name.`}
  </p>`
}

/** An entry as a row of the table. */
function renderRow(row: ListingRow, { listing, swarms }: ListingView): Html {
  const { name, isDirectory, isEmpty, size, modified } = row
  const { taken } = listing.parts
  const { address, torrent, magnet } = linksOf(row, taken)
  const time = new Date(modified).toISOString().slice(0, 19)
  const day = time.slice(0, 10)
  const clock = html`<span class="clock"> ${time.slice(11, 16)}</span>`
  const text = isDirectory ? `${name}/` : name
  const bytes = html`<data value="${size}">${formatBytes(size)}</data>`
  const stored = taken.has(name) && html`<span class="stored">stored</span>`
  return html`<tr>
    <th scope="row" class="${isDirectory ? 'dir' : 'file'}">
      <a href="${address}">${text}</a>${stored}
    </th>
    <td class="n">${isDirectory ? isEmpty === true && 'empty' : bytes}</td>
    <td class="date">
      <time datetime="${time}Z">${day}${clock}</time>
    </td>
    ${swarms.size > 0 && renderSwarm(swarms.get(name))}
    <td class="get">
      ${torrent && html`<a href="${torrent}" aria-label="torrent of ${text}">torrent</a>`}
      ${magnet && html`<a href="${magnet}" aria-label="magnet of ${text}">magnet</a>`}
      ${!isDirectory && html`<a href="${address}?details" aria-label="details of ${text}">details</a>`}
    </td>
  </tr> `
}

function renderSwarm(counts: KnownCounts | undefined): Html {
  const text = counts && `${counted(counts.seeds, 'seed')}, ${counted(counts.leechers, 'leecher')}`
  return html`<td class="swarm">${text ?? null}</td>`
}

/** The filter of a directory, and the links to its torrent. */
function renderTools({ query, page, hasTorrent }: ListingView): Html {
  const isPart = page.pages > 1 || query.filter !== ''
  return html`<div class="tools">
    <form method="get" action="./" role="search">
      ${orderFields(query, 'name')}
      <label for="filter">Filter</label>
      <input
        id="filter"
        type="search"
        name="filter"
        maxlength="${MAX_FILTER}"
        value="${query.filter}"
        autocomplete="off"
        spellcheck="false"
      />
      <button>Apply</button>
      ${query.filter !== '' && html`<a href="${formatListingQuery({ ...query, filter: '', page: 1 })}">show all</a>`}
      <span
        id="shown"
        role="status"
        ${isPart && html`data-more="; press Enter to search all pages"`}
      ></span>
    </form>
    ${hasTorrent && renderWhole()}
  </div>`
}

function renderWhole(): Html {
  const { torrent, magnet } = viewsByQuery('./')
  return html`<div class="get">
    Whole directory: <a href="${torrent}">torrent</a> <a href="${magnet}">magnet</a>
    <a href="${asHybrid(torrent)}">hybrid torrent</a>
  </div>`
}

const COLUMNS: Readonly<Record<ListingKey, readonly [title: string, style: string]>> = {
  name: ['Name', 'name'],
  size: ['Size', 'n'],
  date: ['Changed', 'date'],
}

/** The head of the table, with links for sorting. */
function renderHead(query: ListingQuery, hasSwarms: boolean): Html {
  const headings = SORT_KEYS.map((key) => {
    const [title, style] = COLUMNS[key]
    const address = (order: ListOrder<ListingKey>) => formatListingQuery({ ...query, ...order })
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
function renderNotes({ listing, page }: ListingView): Html {
  const { isCut, unnameable } = listing.parts
  const names = unnameable === 1 ? 'One entry has a name' : `${unnameable} entries have names`
  const hasStored = page.rows.some(({ name }) => listing.parts.taken.has(name))
  return html`${isCut && html`<p>Only ${formatNumber(page.files + page.directories)} entries are listed; the directory has more.</p>`}
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
    ...(files > 0 ? [counted(files, 'file'), formatBytes(size)] : []),
  ]
  return parts.join(', ')
}

/** Filters the rows of a page while the filter is typed, and shows their number. */
export const TYPE_AHEAD = new InlineScript(`
addEventListener('DOMContentLoaded', () => {
  const filter = document.getElementById('filter')
  const said = document.getElementById('shown')
  const rows = [...document.querySelectorAll('tbody tr')]
  const names = rows.map((row) => row.cells[0].firstElementChild.textContent.trim().toLowerCase())
  filter?.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase()
    let count = 0
    rows.forEach((row, i) => {
      row.hidden = !names[i].includes(wanted)
      if (!row.hidden) count++
    })
    said.textContent = count + ' of ' + rows.length + ' shown' + (said.dataset.more ?? '')
  })
})
`)
