import { html, type Html } from '../../text/html.js'
import { sortHeading, type ListOrder } from '../../server/pages/sorting.js'
import { formatBytes } from '../../text/quantity.js'
import type { TorrentLinks } from '../page/torrent-links.js'
import type { SwarmRow } from '../page/swarm-row.js'
import {
  CATALOGUE_SORTS,
  formatCatalogueQuery,
  type CatalogueQuery,
  type CatalogueSort,
} from './catalogue-query.js'
import type { CatalogueEntry } from './catalogue-index.js'
import { categoryAddress, renderDay } from './links.js'
import type { Category } from './category.js'

/** A torrent with its current figures. */
export interface CatalogueRow extends SwarmRow {
  readonly entry: CatalogueEntry
}

export interface TorrentTableParts {
  readonly rows: readonly CatalogueRow[]
  /** The category of the page, which rows do not repeat. */
  readonly category: Category
  readonly links: TorrentLinks
  /** The way to the tracker's first page. */
  readonly root: string
  /** By which the table can be sorted; null if its order is fixed. */
  readonly query: CatalogueQuery | null
  readonly caption: string
}

const TITLES: Readonly<Record<CatalogueSort, string>> = {
  name: 'Name',
  size: 'Size',
  added: 'Added',
  complete: 'Seeds',
  downloading: 'Leechers',
  downloaded: 'Completed',
}

/** A table of torrents. */
export function renderTorrents(parts: TorrentTableParts): Html {
  return html`<table class="torrents ${parts.query === null && 'fixed'}">
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
  const style = classOf(key)
  if (query === null) return html`<th scope="col" class="${style}">${TITLES[key]}</th>`
  const address = (order: ListOrder<CatalogueSort>) => formatCatalogueQuery({ ...query, ...order })
  return sortHeading({ key, title: TITLES[key], style }, query, address)
}

function classOf(key: CatalogueSort): string {
  if (key === 'name') return 'name'
  return key === 'added' ? 'date' : 'n'
}

function bodyRow(row: CatalogueRow, { category, links, root }: TorrentTableParts): Html {
  const { summary, category: own } = row.entry
  const file = links.file(row)
  const place = own !== category && own.path.slice(category.path.length).join('/')
  return html`<tr>
    <th scope="row" class="name">
      <a href="${links.page(row)}">${summary.name}</a
      >${summary.private && html` <span class="tag">private</span>`}
      ${place && html`<a class="place" href="${categoryAddress(own, root)}">${place}</a>`}
    </th>
    <td class="n">${formatBytes(summary.size)}</td>
    <td class="date">${renderDay(summary.addedMs)}</td>
    ${number('complete', row.complete)} ${number('downloading', row.downloading)}
    ${number('downloaded', row.downloaded)}
    <td class="get">
      <a href="${links.magnet(row)}" aria-label="magnet of ${summary.name}">magnet</a>
      ${file && html`<a href="${file}" aria-label="torrent of ${summary.name}">torrent</a>`}
    </td>
  </tr> `
}

/** On narrow screens the label replaces the column heading. */
function number(key: CatalogueSort, value: number): Html {
  const empty = value === 0 && ' none'
  return html`<td class="n ${key}${empty}" data-label="${TITLES[key].toLowerCase()}">${value}</td>`
}
