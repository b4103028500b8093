import { orderFields, type Paged, renderPages } from '../../server/pages/sorting.js'
import { renderPage } from '../../server/pages/layout.js'
import { html, type Html } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import { siteHead, type Site } from '../page/site.js'
import type { TorrentLinks } from '../page/torrent-links.js'
import { formatCatalogueQuery, MAX_SEARCH, type CatalogueQuery } from './catalogue-query.js'
import type { Category } from './category.js'
import { renderDay, renderPath, rootFrom, titleOf } from './links.js'
import { CATALOGUE_STYLE } from './style.js'
import { renderTorrents, type CatalogueRow } from './torrent-table.js'

export interface CategoryPageParts {
  readonly site: Site
  readonly category: Category
  readonly query: CatalogueQuery
  readonly children: Paged<Category>
  readonly torrents: Paged<CatalogueRow>
  /** The bytes of all torrents that the query selects. */
  readonly size: number
  /** Whether the torrents are the newest, which the front page has in place of a list. */
  readonly isFront: boolean
  readonly links: TorrentLinks
}

/** The page of a category; the front page is that of the category of all. */
export function renderCategoryPage(parts: CategoryPageParts): string {
  const { site, category, query, children, isFront } = parts
  const root = rootFrom(category)
  const title = titleOf(category)
  const { isArchive, path } = category
  const description = `${count(category.torrents, 'torrent')}, ${formatBytes(category.size)}`
  return renderPage(
    {
      title: `${title} - btkit`,
      style: CATALOGUE_STYLE,
      head: html`<link
          rel="alternate"
          type="application/atom+xml"
          title="New in ${title}"
          href="feed.xml"
        />
        <link rel="alternate" type="application/json" href="index.json" />
        ${openGraph(title, description)}`,
      header: html`${siteHead(site, root, isArchive ? 'archive' : 'catalogue')}
      ${path.length > 0 && renderPath(category, root, null)}`,
      footer: html`Times are in UTC. <a href="feed.xml">Feed of new torrents</a>
        <a href="${jsonAddress(query)}">The same as JSON</a>`,
    },
    html`<h1>${title}</h1>
      ${renderSearch(category, query)} ${renderChildren(children, query)}
      ${isFront ? renderNewest(parts, root) : renderList(parts, root)}`,
  )
}

/** Elements from which other sites make previews of links. */
export function openGraph(title: string, description: string): Html {
  return html`<meta property="og:title" content="${title}" />
    <meta property="og:description" content="${description}" />
    <meta property="og:type" content="website" />
    <meta property="og:site_name" content="btkit" />
    <meta name="description" content="${description}" />`
}

function jsonAddress(query: CatalogueQuery): string {
  return formatCatalogueQuery(query).replace('./', 'index.json')
}

function renderSearch(category: Category, query: CatalogueQuery): Html {
  const { search } = query
  const label = category.path.length === 0 ? 'Search all' : 'Search here'
  return html`<form class="search" method="get" action="./" role="search">
    ${orderFields(query, 'name')}
    <label for="q">${label}</label>
    <input id="q" type="search" name="q" maxlength="${MAX_SEARCH}" value="${search}" />
    <button>Search</button>
    ${search !== '' && html`<a href="./">show all</a>`}
  </form>`
}

function renderChildren(children: Paged<Category>, query: CatalogueQuery): Html | false {
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

function renderChild({ path, torrents, size, newestMs }: Category): Html {
  const name = path.at(-1) ?? ''
  const day = renderDay(newestMs)
  return html`<li>
    <a href="./${encodeURIComponent(name)}/">${name}</a>
    <span>${count(torrents, 'torrent')}, ${formatBytes(size)}</span>
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
    <p><a href="${formatCatalogueQuery(query)}">All ${count(torrents.total, 'torrent')}</a></p>
  </section>`
}

function renderList(parts: CategoryPageParts, root: string): Html {
  const { torrents, category, links, query, size } = parts
  const { items: rows, total } = torrents
  if (total === 0) {
    return html`<p>
      ${query.search === '' ? 'No torrents yet.' : `Nothing here matches “${query.search}”.`}
    </p>`
  }
  const caption = `${count(total, 'torrent')}, ${formatBytes(size)}`
  const address = (page: number) => formatCatalogueQuery({ ...query, page })
  return html`<section aria-labelledby="torrents">
    <h2 id="torrents">${query.search === '' ? 'Torrents' : `Found for “${query.search}”`}</h2>
    ${renderTorrents({ rows, category, links, root, query, caption })}
    ${renderPages(torrents, address, 'Pages of torrents')}
  </section>`
}
