import { renderPage } from '../../server/pages/layout.js'
import { orderFields, renderPages, sortHeading } from '../../server/pages/sorting.js'
import { type Html, html } from '../../text/html.js'
import { count, formatBytes, formatTime } from '../../text/quantity.js'
import { type Site, siteHead } from './site.js'
import {
  type RowPage,
  type RowQuery,
  SORT_KEYS,
  type SortKey,
  type SwarmRow,
  type TorrentLinks,
  formatRowQuery,
  transferredOf,
} from './torrent-rows.js'

interface InfoPageParts {
  readonly rowPage: RowPage
  readonly query: RowQuery
  /** Whether the table has columns for names and sizes. */
  readonly hasNames: boolean
  /** Whether the store has more swarms than the page can list. */
  readonly isCut: boolean
  readonly links: TorrentLinks
  readonly version: string
  readonly site: Site
  /** Milliseconds since 1970. */
  readonly now: number
}

const TITLES: Readonly<Record<SortKey, string>> = {
  hash: 'info hash',
  name: 'torrent name',
  size: 'size',
  complete: 'complete',
  downloading: 'downloading',
  downloaded: 'downloaded',
  transferred: 'transferred',
}

const OF_NAMES: readonly SortKey[] = ['name', 'size', 'transferred']

/** Whether a column holds numbers. */
const isNumeric = (key: SortKey) => key !== 'hash' && key !== 'name'

/** The page that lists all torrents. */
export function renderInfoPage(parts: InfoPageParts): string {
  const { rowPage, query, hasNames, isCut, version, site, now } = parts
  const columns = SORT_KEYS.filter((key) => hasNames || !OF_NAMES.includes(key))
  return renderPage(
    { title: 'BitTorrent download info', header: siteHead(site, '', 'list') },
    html`<h1>BitTorrent download info</h1>
      <p>
        tracker version: btkit ${version}<br />
        server time: ${formatTime(now, 'second')} UTC
      </p>
      <form method="get" action="./">
        ${orderFields(query, hasNames ? 'name' : 'hash')}
        <label
          >Name or info hash: <input type="search" name="q" maxlength="100" value="${query.filter}"
        /></label>
        <button>Filter</button>
      </form>
      <div class="scroll">
        <table class="swarms">
          <thead>
            <tr>
              ${columns.map((key) => heading(key, query, hasNames))}
              <th class="get">get</th>
            </tr>
          </thead>
          <tbody>
            ${rowPage.rows.map((row) => bodyRow(row, columns, parts))}
          </tbody>
          <tfoot>
            ${totalRow(rowPage, hasNames)}
          </tfoot>
        </table>
      </div>
      ${renderPages(rowPage, (page) => formatRowQuery({ ...query, page }), 'Pages of torrents')}
      ${isCut && html`<p>There are more torrents than this page can list. The totals count all of them.</p>`}
      ${legend(hasNames)}`,
  )
}

function heading(key: SortKey, query: RowQuery, hasNames: boolean): Html {
  const column = { key, title: TITLES[key], style: classOf(key, hasNames) }
  return sortHeading(column, query, (order) => formatRowQuery({ ...query, ...order }))
}

/** If there are no names, info hashes take the place of that column. */
function classOf(key: SortKey, hasNames: boolean): string {
  if (isNumeric(key)) return 'n'
  return hasNames ? key : 'name'
}

function bodyRow(
  row: SwarmRow,
  columns: readonly SortKey[],
  { links, hasNames }: Pick<InfoPageParts, 'links' | 'hasNames'>,
): Html {
  const cells = columns.map((key) => {
    const content = cell(key, row, links)
    return isNumeric(key)
      ? numberCell(key, content)
      : html`<td class="${classOf(key, hasNames)}">${content}</td>`
  })
  const file = links.file(row)
  return html`<tr>
    ${cells}
    <td class="get">
      <a href="${links.magnet(row)}">magnet</a>${file && html` <a href="${file}">torrent</a>`}
    </td>
  </tr> `
}

/** On narrow screens the label replaces the column heading. */
function numberCell(key: SortKey, content: Html | string | number | null): Html {
  return html`<td class="n" data-label="${TITLES[key]}">${content}</td>`
}

function cell(key: SortKey, row: SwarmRow, links: TorrentLinks): Html | string | number | null {
  const link = (text: string) => html`<a href="${links.page(row)}">${text}</a>`
  const transferred = transferredOf(row)
  const cells: Readonly<Record<SortKey, Html | string | number | null>> = {
    hash: html`<code>${link(row.infoHash)}</code>`,
    name: row.name === null ? null : link(row.name),
    size: row.size === null ? null : formatBytes(row.size),
    complete: row.complete,
    downloading: row.downloading,
    downloaded: row.downloaded,
    transferred: transferred === null ? null : formatBytes(transferred),
  }
  return cells[key]
}

/** The last row: number of torrents and sums. */
function totalRow({ totals }: RowPage, hasNames: boolean): Html {
  const sums = (['complete', 'downloading', 'downloaded'] as const).map((key) => {
    return numberCell(key, totals[key])
  })
  const torrents = html`<td class="name">${count(totals.torrents, 'torrent')}</td>`
  if (!hasNames)
    return html`<tr>
      ${torrents}${sums}
      <td></td>
    </tr>`
  return html`<tr>
    <td class="hash"></td>
    ${torrents}${numberCell('size', formatBytes(totals.size))}${sums}
    ${numberCell('transferred', formatBytes(totals.transferred))}
    <td></td>
  </tr>`
}

function legend(hasNames: boolean): Html {
  return html`<details>
    <summary>What the columns mean</summary>
    <dl>
      <dt>info hash</dt>
      <dd>identifies the torrent</dd>
      <dt>complete</dt>
      <dd>peers that have the whole torrent (seeds)</dd>
      <dt>downloading</dt>
      <dd>peers that lack parts of it</dd>
      <dt>downloaded</dt>
      <dd>number of completed downloads</dd>
      ${
        hasNames &&
        html`<dt>transferred</dt>
          <dd>size times downloads</dd>`
      }
    </dl>
  </details>`
}
