import { filterInSlices, type Pause } from '../../../page-parts/slices.js'
import {
  keptField,
  type ListOrder,
  type Paged,
  pageNumber,
  paged,
  parseOrder,
  renderPages,
  sortForms,
} from '../../../page-parts/sorting.js'
import { type Column, renderTable, type Table } from '../../../page-parts/table.js'
import { renderIfKnown } from '../../../page-parts/time.js'
import { html, type Html, type HtmlValue } from '../../../base/text/html.js'
import { formatBytes, formatNumber } from '../../../base/text/quantity.js'
import { dotted } from '../../../page-parts/item.js'
import { WORDS } from '../../../page-parts/words.js'
import { MAX_SEARCH } from './site.js'
import {
  type RowTotals,
  SORT_KEYS,
  type SwarmRow,
  sumRows,
  type TorrentColumn,
} from './swarm-row.js'

/** Words that are searched, order and page of a list. */
export interface ListQuery extends ListOrder<TorrentColumn> {
  /** As it was typed, cut at its longest. */
  readonly search: string
  /** The words of the search in lower case. */
  readonly words: readonly string[]
  /** The page of subcategories, counted from 1. */
  readonly categories: number
}

/** The most words of a search: the cost is linear in them. */
const MAX_WORDS = 8

/** Reads a page's query. Missing and invalid fields get their defaults. */
export function parseListQuery(
  query: string,
  standard: TorrentColumn,
  isDescending = false,
): ListQuery {
  const parameters = new URLSearchParams(query)
  const search = (parameters.get('q') ?? '').slice(0, MAX_SEARCH).trim()
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return {
    search,
    words: words.slice(0, MAX_WORDS),
    ...parseOrder(parameters, SORT_KEYS, standard),
    ...(isDescending && !parameters.has('sort') && { isDescending }),
    categories: pageNumber(parameters.get('categories')),
  }
}

/** Formats a query for a link. It names the order: people and programs have other defaults. */
export function formatListQuery(query: Omit<ListQuery, 'words'>): string {
  const { search, sort, isDescending, page, categories } = query
  const parameters = new URLSearchParams({ sort })
  if (search !== '') parameters.set('q', search)
  if (isDescending) parameters.set('order', 'desc')
  if (page > 1) parameters.set('page', String(page))
  if (categories > 1) parameters.set('categories', String(categories))
  return `?${parameters.toString()}`
}

/** The rows of a page, and the sums of all that are found. */
export interface ListedRows<Row extends SwarmRow = SwarmRow> extends Paged<Row> {
  readonly totals: RowTotals
}

/** How rows are searched, and how many are on a page. */
interface Listing<Row> {
  readonly length: number
  /** The text of a row in lower case, which is searched; null for a row of other lists. */
  readonly textOf: (row: Row) => string | null
  readonly pause?: Pause | undefined
}

/** Lists the rows that have all words, or whose info hash begins with them, in their order. */
export async function listRows<Row extends SwarmRow>(
  sorted: readonly Row[],
  { words, page }: Pick<ListQuery, 'words' | 'page'>,
  { length, textOf, pause }: Listing<Row>,
): Promise<ListedRows<Row>> {
  const tests = words.map((word) => ({ word, isHash: /^[\da-f]+$/.test(word) }))
  const matches = (row: Row) => {
    const text = textOf(row)
    if (text === null) return false
    return tests.every(({ word, isHash }) => {
      if (text.includes(word)) return true
      // Few letters begin the hashes of many that have names
      if (!isHash || (word.length < 6 && row.name !== null)) return false
      return row.infoHash.startsWith(word) || row.summary?.infoHashV2?.startsWith(word) === true
    })
  }
  const found = await filterInSlices(sorted, matches, pause)
  return { ...paged(found, page, length), totals: sumRows(found) }
}

/** A table of torrents. */
interface TorrentTable<Row extends SwarmRow> extends Pick<Table, 'label' | 'order' | 'chosen'> {
  readonly rows: readonly Row[]
  /** Whether they have names; info hashes take their place. */
  readonly hasNames: boolean
  /** The address of a torrent's page. */
  readonly page: (row: Row) => string | null
  /** The way to get it, or to change it. */
  readonly get: (row: Row) => HtmlValue
  /** The text below its name before the size, such as its category. */
  readonly place?: (row: Row) => HtmlValue
  /** The box by which an administrator chooses a torrent. */
  readonly box?: (row: Row) => HtmlValue
}

/** Renders a table of torrents. */
export function renderTorrents<Row extends SwarmRow>(table: TorrentTable<Row>): Html {
  const { hasNames, page, get, place, box, ...frame } = table
  const name: Column = hasNames
    ? [WORDS.name, 'name', 'name', BELOW]
    : [WORDS.infoHash, 'name', 'hash']
  const cellsOf = (row: Row) => {
    const address = page(row)
    const text = row.name ?? html`<code>${row.infoHash}</code>`
    const link = address === null ? text : html`<a href="${address}">${text}</a>`
    const own = [
      html`${link}${hasNames && aboutRow(row, place?.(row) ?? null)}`,
      healthOf(row),
      row.downloaded < 0 ? null : row.downloaded,
      get(row),
    ]
    return box ? [box(row), ...own] : own
  }
  return renderTable({
    ...frame,
    style: 'torrents',
    columns: [...(box ? [BOX] : []), name, ...FIGURES, ['', 'get']],
    rows: table.rows.map(cellsOf),
  })
}

const BOX = ['', 'pick'] as const
const BELOW = [
  { key: 'size', title: WORDS.size },
  { key: 'added', title: WORDS.added },
] as const
const FIGURES: readonly Column[] = [
  [WORDS.seedsOfPeers, 'health', 'complete'],
  [WORDS.completed, 'n', 'downloaded'],
]

/** The line below a name. */
function aboutRow({ size, summary }: SwarmRow, place: HtmlValue): Html {
  const time = renderIfKnown(summary?.addedMs ?? null)
  const isPrivate = summary?.private === true && html`<span class="tag">private</span>`
  const told = dotted([place, size !== null && formatBytes(size, 1), time, isPrivate])
  return html`<small>${told}</small>`
}

/** Seeds of all peers as words and as a bar, which is red if somebody waits for a seed. */
function healthOf({ complete, downloading }: Pick<SwarmRow, 'complete' | 'downloading'>) {
  if (complete < 0) return null
  const all = complete + downloading
  const bar = (part: number, whole: number, style: string) =>
    html`<svg
      class="${style}"
      viewBox="0 0 ${whole} 1"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect width="${part}" height="1" />
    </svg>`
  if (all === 0) return html`nobody${bar(0, 1, '')}`
  if (complete === 0)
    return html`<span><span class="bad">no seed</span> · ${formatNumber(downloading)} waiting</span
      >${bar(1, 1, 'bad')}`
  return html`<span><b>${formatNumber(complete)}</b> of ${formatNumber(all)}</span
    >${bar(complete, all, 'seeds')}`
}

/** Renders a page of a list that can be sorted, with links to its other pages. */
export function renderList(
  query: ListQuery,
  rows: ListedRows,
  table: Omit<TorrentTable<SwarmRow>, 'rows' | 'order'>,
): Html {
  const { search, categories } = query
  const kept = categories > 1 && keptField('categories', String(categories))
  return html`${sortForms([keptField('q', search), kept])}
  ${renderTorrents({ ...table, rows: rows.items, order: query })}
  ${renderPages(rows, (page) => formatListQuery({ ...query, page }), 'Pages of torrents')}`
}
