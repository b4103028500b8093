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
import { renderTable, type Table } from '../../../page-parts/table.js'
import { html, type Html, type HtmlValue } from '../../../base/text/html.js'
import { counted, formatBytes } from '../../../base/text/quantity.js'
import { WORDS } from '../../../page-parts/words.js'
import { MAX_SEARCH } from './site.js'
import {
  type Cell,
  COLUMNS,
  type RowTotals,
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
  keys: readonly TorrentColumn[],
  standard: TorrentColumn,
): ListQuery {
  const parameters = new URLSearchParams(query)
  const search = (parameters.get('q') ?? '').slice(0, MAX_SEARCH).trim()
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return {
    search,
    words: words.slice(0, MAX_WORDS),
    ...parseOrder(parameters, keys, standard),
    categories: pageNumber(parameters.get('categories')),
  }
}

/**
 * Formats a query for a link. It names the order, because the front page of the catalogue has no
 * list without one.
 */
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
interface TorrentTable<Row extends SwarmRow> extends Pick<Table, 'label' | 'style' | 'order'> {
  readonly keys: readonly TorrentColumn[]
  readonly rows: readonly Row[]
  /** The address of a torrent's page, and the links by which people get it, or change it. */
  readonly links: {
    readonly page: (row: Row) => string | null
    readonly render: (row: Row) => HtmlValue
  }
  /** The cells that are not as in other lists. */
  readonly cells?: Readonly<Partial<Record<TorrentColumn, Cell<Row>>>>
  /** The box by which an administrator chooses a torrent. */
  readonly box?: (row: Row) => HtmlValue
  readonly totals?: RowTotals
}

/** Renders a table of torrents. If there are no names, info hashes take their place. */
export function renderTorrents<Row extends SwarmRow>(table: TorrentTable<Row>): Html {
  const { keys, links, cells, box, totals, ...frame } = table
  const head = keys.includes('name') ? 'name' : 'hash'
  const columns = keys.map((key) => {
    const { title, kind } = COLUMNS[key]
    if (key !== head) return [title, kind, key] as const
    return [box ? 'Torrent' : title, 'name', key] as const
  })
  const cellsOf = (row: Row) => {
    const page = links.page(row)
    const link = (text: string) => (page === null ? text : html`<a href="${page}">${text}</a>`)
    const own = keys.map((key) => (cells?.[key] ?? COLUMNS[key].cell)(row, link))
    return [...(box ? [box(row)] : []), ...own, links.render(row)]
  }
  const sumOf = (key: TorrentColumn, sums: RowTotals) =>
    key === head ? counted(sums.torrents, 'torrent') : (COLUMNS[key].total?.(sums) ?? null)
  return renderTable({
    ...frame,
    columns: [...(box ? [BOX] : []), ...columns, [box ? '' : 'Get', 'get']],
    rows: table.rows.map(cellsOf),
    totals: totals && [...keys.map((key) => sumOf(key, totals)), null],
  })
}

const BOX = ['', 'pick'] as const

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

/** How many torrents a list has, or a search found, which leads back to all. */
export function renderFound({ search }: ListQuery, { total, totals }: ListedRows): Html {
  const some = `${counted(total, 'torrent')}, ${formatBytes(totals.size)}`
  const all = html`with “${search}”, <a href="./">${WORDS.showAll}</a>`
  return html`<p class="muted">${total > 0 ? some : 'No torrents'} ${search !== '' && all}</p>`
}
