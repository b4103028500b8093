import { renderIfKnown } from '../../../page-parts/time.js'
import { encodeName } from '../../../base/percent.js'
import { type Page, renderPath } from '../../../page-parts/layout.js'
import { type Paged, orderFields, renderPages } from '../../../page-parts/sorting.js'
import { WORDS } from '../../../page-parts/words.js'
import { type Html, html } from '../../../base/text/html.js'
import { counted, formatBytes } from '../../../base/text/quantity.js'
import {
  type CatalogueCategory,
  categoryAddress,
  rootFrom,
  stepsTo,
  titleOf,
} from '../overview/category.js'
import { hasOwnSearch, listTitle, searchAddress, type Site, sitePage } from '../overview/site.js'
import type { Cell, SwarmRow } from '../overview/swarm-row.js'
import type { TorrentLinks } from '../overview/torrent-links.js'
import {
  formatListQuery,
  type ListedRows,
  type ListQuery,
  renderFound,
  renderList as renderRows,
  renderTorrents,
} from '../overview/torrent-list.js'

/** The columns of lists in the catalogue. */
export const CATALOGUE_KEYS = [
  'name',
  'size',
  'added',
  'complete',
  'downloading',
  'downloaded',
] as const

export interface CategoryPageParts {
  readonly site: Site
  readonly category: CatalogueCategory
  readonly query: ListQuery
  readonly children: Paged<CatalogueCategory>
  /** The newest torrents, which the front page has in place of a list. */
  readonly newest: readonly SwarmRow[] | null
  /** The torrents that the query selects. */
  readonly rows: ListedRows
  readonly links: TorrentLinks
}

/** The page of a category; the front page is that of the category of all. */
export function categoryPage(parts: CategoryPageParts): Page {
  const { site, category, query, children, newest } = parts
  const root = rootFrom(category)
  const title = titleOf(category)
  const { isArchive, path } = category
  const current = isArchive ? 'archive' : 'catalogue'
  const kept = orderFields(query, 'name')
  const isTop = path.length === 0
  const json = html`<link
    rel="alternate"
    type="application/json"
    href="index.json${formatListQuery(query)}"
  />`
  const ownSearch = hasSearchHere(parts) && { placeholder: `In ${title}`, action: './' }
  return sitePage(
    {
      site,
      root,
      title,
      current,
      kept,
      search: query.search,
      ownSearch,
      description: `${counted(category.torrents, 'torrent')}, ${formatBytes(category.size)}`,
      head: html`<link
          rel="alternate"
          type="application/atom+xml"
          title="New in ${title}"
          href="feed.xml"
        />
        ${json}`,
      footer: html`<a href="feed.xml">Feed of new torrents</a>`,
    },
    html`${isTop ? listTitle(site, root, current) : renderPath(stepsTo(category.parent, root), title)}
    ${renderChildren(children, query)} ${newest ? renderNewest(newest, parts) : renderList(parts)}`,
  )
}

/** Whether the search is of this category alone. The search of all pages is of the first list. */
function hasSearchHere({ site, category, query }: CategoryPageParts): boolean {
  const { path, isArchive } = category
  if (path.length > 0) return true
  return query.search !== '' && !hasOwnSearch(site, isArchive ? 'archive' : 'catalogue')
}

function renderChildren(children: Paged<CatalogueCategory>, query: ListQuery): Html | false {
  if (children.total === 0) return false
  const address = (categories: number) => formatListQuery({ ...query, categories })
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

function renderNewest(rows: readonly SwarmRow[], parts: CategoryPageParts): Html {
  const { category, query } = parts
  const table = { ...tableOf(parts), label: 'The newest first', style: 'torrents fixed' }
  return html`<section aria-labelledby="new">
    <h2 id="new">New</h2>
    ${renderTorrents({ ...table, rows })}
    <p>
      <a href="${formatListQuery(query)}">All ${counted(category.torrents, 'torrent')}</a>
    </p>
  </section>`
}

function renderList(parts: CategoryPageParts): Html {
  const { rows, query, site, category, children } = parts
  const isOfAll = query.search === '' || !hasSearchHere(parts)
  const everywhere = isOfAll ? null : searchAddress(site, rootFrom(category), query.search)
  const others = everywhere !== null && html`<p><a href="${everywhere}">Search everywhere</a></p>`
  const table = { ...tableOf(parts), label: WORDS.torrents, style: 'torrents' }
  return html`<section aria-label="${WORDS.torrents}">
    ${children.total > 0 && html`<h2>${WORDS.torrents}</h2>`} ${renderFound(query, rows)}
    ${rows.total > 0 && renderRows(query, rows, table)} ${others}
  </section>`
}

/** The table of a category, whose rows do not repeat the page's own one. */
function tableOf({ category, links }: CategoryPageParts) {
  const name: Cell = ({ name, summary, category: own }, link) => {
    const place = own?.path.slice(category.path.length).join('/') ?? ''
    const address = own && categoryAddress(own, rootFrom(category))
    return html`${link(name ?? '')}${summary?.private === true && html` <span class="tag">private</span>`}
    ${place !== '' && html`<a class="place" href="${address}">${place}</a>`}`
  }
  return { keys: CATALOGUE_KEYS, links, cells: { name } }
}
