import { renderIfKnown } from '../../../page-parts/time.js'
import { encodeName } from '../../../base/percent.js'
import { type Page, renderPath } from '../../../page-parts/layout.js'
import {
  keptField,
  type Paged,
  orderFields,
  renderPages,
  sortForms,
  sortHeading,
} from '../../../page-parts/sorting.js'
import { renderSearch } from '../../../page-parts/search.js'
import { WORDS } from '../../../page-parts/words.js'
import { type Html, html } from '../../../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../../../base/text/quantity.js'
import type { CatalogueRow } from './shelves.js'
import {
  CATALOGUE_SORTS,
  type CatalogueQuery,
  type CatalogueSort,
  type CatalogueCategory,
  categoryAddress,
  formatCatalogueQuery,
  rootFrom,
  stepsTo,
  titleOf,
} from './category.js'
import { hasOwnSearch, MAX_SEARCH, type Site, listTitle, trackerPage } from '../overview/site.js'
import { COLUMNS } from '../overview/swarm-row.js'
import type { TorrentLinks } from '../overview/torrent-links.js'

export interface CategoryPageParts {
  readonly site: Site
  readonly category: CatalogueCategory
  readonly query: CatalogueQuery
  readonly children: Paged<CatalogueCategory>
  readonly torrents: Paged<CatalogueRow>
  /** The bytes of all torrents that the query selects. */
  readonly size: number
  /** Whether the torrents are the newest, which the front page has in place of a list. */
  readonly isFront: boolean
  readonly links: TorrentLinks
}

/** The page of a category; the front page is that of the category of all. */
export function categoryPage(parts: CategoryPageParts): Page {
  const { site, category, query, children, isFront } = parts
  const root = rootFrom(category)
  const title = titleOf(category)
  const { isArchive, path } = category
  const current = isArchive ? 'archive' : 'catalogue'
  const kept = orderFields(query, 'name')
  const isTop = path.length === 0
  // The search of all pages finds the same as that of the first list
  const hasSearch = !isTop || (query.search !== '' && !hasOwnSearch(site, current))
  return trackerPage(
    site,
    {
      title,
      root,
      current,
      searched: isTop ? query.search : '',
      kept,
      description: `${counted(category.torrents, 'torrent')}, ${formatBytes(category.size)}`,
      head: html`<link
          rel="alternate"
          type="application/atom+xml"
          title="New in ${title}"
          href="feed.xml"
        />
        <link rel="alternate" type="application/json" href="${jsonAddress(query)}" />`,
      footer: html`<a href="feed.xml">Feed of new torrents</a>`,
    },
    html`${isTop ? listTitle(site, root, current) : renderPath(stepsTo(category.parent, root), title)}
    ${hasSearch && searchOf(query, kept)} ${renderChildren(children, query)}
    ${isFront ? renderNewest(parts, root) : renderList(parts, root)}`,
  )
}

function jsonAddress(query: CatalogueQuery): string {
  return formatCatalogueQuery(query).replace('./', 'index.json')
}

function searchOf({ search: value }: CatalogueQuery, kept: Html): Html {
  return renderSearch({
    id: 'filter',
    action: './',
    name: 'q',
    value,
    most: MAX_SEARCH,
    placeholder: WORDS.inCategory,
    kept,
    all: './',
  })
}

function renderChildren(children: Paged<CatalogueCategory>, query: CatalogueQuery): Html | false {
  if (children.total === 0) return false
  const address = (categories: number) => formatCatalogueQuery({ ...query, categories })
  return html`<section aria-labelledby="categories">
    <h2 id="categories">Categories</h2>
    <ul class="categories">
      ${children.items.map(renderChild)}
    </ul>
    ${renderPages(children, address, 'Pages of categories')}
  </section>`
}

function renderChild({ path, torrents, size, newestMs }: CatalogueCategory): Html {
  const name = path.at(-1) ?? ''
  const day = renderIfKnown(newestMs)
  return html`<li>
    <a href="./${encodeName(name)}/">${name}</a>
    <span>${counted(torrents, 'torrent')}, ${formatBytes(size)}</span>
    ${day && html`<span>newest ${day}</span>`}
  </li>`
}

function renderNewest({ torrents, ...parts }: CategoryPageParts, root: string): Html {
  const { category, links, query } = parts
  const rows = torrents.items
  const caption = 'The newest first'
  return html`<section aria-labelledby="new">
    <h2 id="new">New</h2>
    ${renderTorrents({ rows, category, links, root, query: null, caption })}
    <p>
      <a href="${formatCatalogueQuery(query)}">All ${counted(torrents.total, 'torrent')}</a>
    </p>
  </section>`
}

function renderList(parts: CategoryPageParts, root: string): Html {
  const { torrents, category, links, query, size } = parts
  const { items: rows, total } = torrents
  const { categories } = query
  if (total === 0) {
    return html`<p>
      ${query.search === '' ? 'No torrents yet.' : `Nothing here matches “${query.search}”.`}
    </p>`
  }
  const caption = `${counted(total, 'torrent')}, ${formatBytes(size)}`
  const address = (page: number) => formatCatalogueQuery({ ...query, page })
  return html`<section aria-labelledby="torrents">
    <h2 id="torrents">${query.search === '' ? 'Torrents' : `Found for “${query.search}”`}</h2>
    ${sortForms([keptField('q', query.search), categories > 1 && keptField('categories', String(categories))])}
    ${renderTorrents({ rows, category, links, root, query, caption })}
    ${renderPages(torrents, address, 'Pages of torrents')}
  </section>`
}

interface TorrentTableParts {
  readonly rows: readonly CatalogueRow[]
  /** The category of the page, which rows do not repeat. */
  readonly category: CatalogueCategory
  readonly links: TorrentLinks
  /** The way to the tracker's first page. */
  readonly root: string
  /** By which the table can be sorted; null if its order is fixed. */
  readonly query: CatalogueQuery | null
  readonly caption: string
}

/** A table of torrents. */
function renderTorrents(parts: TorrentTableParts): Html {
  return html`<table class="rows torrents ${parts.query === null && 'fixed'}">
    <caption>
      ${parts.caption}
    </caption>
    <thead>
      <tr>
        ${CATALOGUE_SORTS.map((key) => heading(key, parts.query))}
        <th scope="col" class="get">Get</th>
      </tr>
    </thead>
    <tbody>
      ${parts.rows.map((row) => bodyRow(row, parts))}
    </tbody>
  </table>`
}

function heading(key: CatalogueSort, query: CatalogueQuery | null): Html {
  const { title, kind } = COLUMNS[key]
  if (query === null) return html`<th scope="col" class="${kind}">${title}</th>`
  return sortHeading({ key, title, style: kind }, query)
}

function bodyRow(row: CatalogueRow, { category, links, root }: TorrentTableParts): Html {
  const { summary, category: own } = row.entry
  const place = own !== category && own.path.slice(category.path.length).join('/')
  const link = (text: string) => html`<a href="${links.page(row)}">${text}</a>`
  const cells = CATALOGUE_SORTS.map((key) => {
    const { title, kind, cell } = COLUMNS[key]
    const content = cell(row, link)
    if (kind === 'name')
      return html`<th scope="row" class="name">
        ${content}${summary.private && html` <span class="tag">private</span>`}
        ${place && html`<a class="place" href="${categoryAddress(own, root)}">${place}</a>`}
      </th>`
    if (typeof content !== 'number') return html`<td class="${kind}">${content}</td>`
    // On narrow screens the label replaces the column heading
    const label = title.toLowerCase()
    const style = `n ${key}${content === 0 ? ' none' : ''}`
    return html`<td class="${style}" data-label="${label}">${formatNumber(content)}</td>`
  })
  return html`<tr>
    ${cells}
    <td class="get">${links.render(row)}</td>
  </tr> `
}
