import { html, type Html } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import { renderPage } from '../../web/page/layout.js'
import { formatRowQuery, SORT_KEYS, type RowQuery, type SortKey } from './row-query.js'
import type { RowPage } from './snapshot.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'

export interface InfoPageParts {
  readonly rowPage: RowPage
  readonly query: RowQuery
  /** Whether there are columns of names and sizes. */
  readonly hasNames: boolean
  /** Whether there are more swarms than can be listed. */
  readonly isCut: boolean
  readonly links: TorrentLinks
  readonly version: string
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

/** Columns of numbers. */
const isNumeric = (key: SortKey) => key !== 'hash' && key !== 'name'

/** The page of all torrents. */
export function renderInfoPage(parts: InfoPageParts): string {
  const { rowPage, query, hasNames, isCut, version, now } = parts
  const columns = SORT_KEYS.filter((key) => hasNames || !OF_NAMES.includes(key))
  return renderPage(
    { title: 'BitTorrent download info' },
    html`<h1>BitTorrent download info</h1>
      <p>
        tracker version: btkit ${version}<br />
        server time: ${new Date(now).toISOString().slice(0, 19).replace('T', ' ')} UTC
      </p>
      <form method="get" action="./">
        <input type="hidden" name="sort" value="${query.sort}" />
        ${query.isDescending && html`<input type="hidden" name="order" value="desc" />`}
        <label
          >Name or info hash: <input type="search" name="q" maxlength="100" value="${query.filter}"
        /></label>
        <button>Filter</button>
      </form>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              ${columns.map((key) => heading(key, query))}
              <th>get</th>
            </tr>
          </thead>
          <tbody>
            ${rowPage.rows.map((row) => bodyRow(row, columns, parts.links))}
          </tbody>
          <tfoot>
            ${totalRow(rowPage, hasNames)}
          </tfoot>
        </table>
      </div>
      ${pageLinks(rowPage, query)}
      ${isCut && html`<p>There are more torrents than can be listed; all of them are counted.</p>`}
      ${legend(hasNames)}`,
  )
}

function heading(key: SortKey, query: RowQuery): Html {
  const isSorted = query.sort === key
  const isDescending = isSorted ? !query.isDescending : isNumeric(key)
  const address = formatRowQuery({ ...query, sort: key, isDescending, page: 1 })
  const arrow = isSorted && (query.isDescending ? ' ↓' : ' ↑')
  const order = query.isDescending ? 'descending' : 'ascending'
  const state = isSorted && html` aria-sort="${order}"`
  return html`<th class="${classOf(key)}" ${state}>
    <a href="${address}">${TITLES[key]}</a>${arrow}
  </th>`
}

function classOf(key: SortKey): string {
  return isNumeric(key) ? 'n' : key
}

function bodyRow(row: SwarmRow, columns: readonly SortKey[], links: TorrentLinks): Html {
  const cells = columns.map(
    (key) => html`<td class="${classOf(key)}">${cell(key, row, links)}</td>`,
  )
  const file = links.file(row)
  return html`<tr>
    ${cells}
    <td>
      <a href="${links.magnet(row)}">magnet</a>${file && html` <a href="${file}">torrent</a>`}
    </td>
  </tr> `
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

/** One cell for what has no number, as in the old page: `N files`, then the sums. */
function totalRow({ totals }: RowPage, hasNames: boolean): Html {
  const { files, size, complete, downloading, downloaded, transferred } = totals
  const sums = [complete, downloading, downloaded].map((sum) => html`<td class="n">${sum}</td>`)
  if (!hasNames)
    return html`<tr>
      <td class="hash">${count(files, 'file')}</td>
      ${sums}
      <td></td>
    </tr>`
  return html`<tr>
    <td class="hash"></td>
    <td>${count(files, 'file')}</td>
    <td class="n">${formatBytes(size)}</td>
    ${sums}
    <td class="n">${formatBytes(transferred)}</td>
    <td></td>
  </tr>`
}

function pageLinks({ page, pages }: RowPage, query: RowQuery): Html | false {
  if (pages === 1) return false
  const link = (to: number, text: string) =>
    to >= 1 && to <= pages && to !== page
      ? html`<a href="${formatRowQuery({ ...query, page: to })}">${text}</a>`
      : html`<b>${text}</b>`
  return html`<nav>
    ${link(1, 'first')}${link(page - 1, 'previous')}<b>page ${page} of ${pages}</b
    >${link(page + 1, 'next')}${link(pages, 'last')}
  </nav>`
}

function legend(hasNames: boolean): Html {
  return html`<dl>
    <dt>info hash</dt>
    <dd>what tells the torrent from all others</dd>
    <dt>complete</dt>
    <dd>peers that have the whole (seeds)</dd>
    <dt>downloading</dt>
    <dd>peers that have not, or not yet</dd>
    <dt>downloaded</dt>
    <dd>how often the whole was downloaded</dd>
    ${
      hasNames &&
      html`<dt>transferred</dt>
        <dd>size times downloaded: what whole downloads came to</dd>`
    }
  </dl>`
}
