import { setImmediate } from 'node:timers/promises'
import { encodeName } from '../../../base/percent.js'
import { decodeName } from '../../../base/text/raw-path.js'
import { type Answer, jsonAnswer, redirect, textAnswer } from '../../../server/headers/answer.js'
import { clientKey } from '../../../server/connections/client-address.js'
import {
  MOST_RESULTS,
  type SearchResults,
  NOTHING,
  parseSearch,
  renderResults,
  searchTitle,
  type TorrentsWanted,
} from '../../../page-parts/results.js'
import { entryCells, entryColumns } from '../../../page-parts/rows.js'
import { type Cells, renderTable } from '../../../page-parts/table.js'
import { SLICE } from '../../../page-parts/slices.js'
import { paged, pageNumber } from '../../../page-parts/sorting.js'
import { WORDS } from '../../../page-parts/words.js'
import { html } from '../../../base/text/html.js'
import { CHARTS } from '../overview/figures.js'
import { listPage } from '../overview/list-page.js'
import { composeAtom, jsonOfCategory, jsonOfDetails, jsonOfEntry, placeOf } from './json.js'
import { DetailsReader, formatComment, torrentPage } from './torrent-page.js'
import { type CatalogueCategory, categoryAddress, rootFrom, titleOf } from '../overview/category.js'
import { CACHED, nowhere, type PageRequest, type SiteRequest } from '../overview/page-answer.js'
import type { PageSources } from '../overview/pages.js'
import { mirrorRoot, listsOf, SEARCH, sitePage } from '../overview/site.js'
import type { Snapshot } from '../overview/snapshot.js'
import type { SwarmRow } from '../overview/swarm-row.js'
import { jsonOfRow, TorrentLinks } from '../overview/torrent-links.js'
import { formatListQuery, listRows, parseListQuery } from '../overview/torrent-list.js'
import { infoHashOf } from '../../wires/http-query.js'

/** Torrents on a page, in an answer of JSON, and in a feed. */
const ROWS = 100
const JSON_ROWS = 1000
const FEED_ROWS = 50

/** Categories on a page. */
const CATEGORIES = 60

/** The pages of single torrents, and of their categories: the directories in which they are. */
export class Catalogue {
  readonly #details = new DetailsReader()

  constructor(private readonly parts: PageSources) {}

  /** Answers a request; null if the path is not a page of the catalogue. */
  async answer(request: SiteRequest): Promise<Answer | null> {
    const { options, turns } = this.parts
    const { site } = request
    const other = OTHER_PAGES.get(request.path)
    const place = site.hasCatalogue ? parsePlace(request.path) : null
    if (other === undefined && place === null) return null
    if (!options.showInfoPage) return null
    if (other === 'search') return this.#search(request)
    if (other === 'activity') return redirect(`./${listsOf(site)[0]?.path ?? ''}#${CHARTS}`)
    return turns.run(request.client, () => {
      if (place !== null) return this.#category(request, place)
      return this.#torrent(request, other ?? 'page')
    })
  }

  /** One search finds files of the mirror in this process, and torrents. */
  async #search(request: SiteRequest): Promise<Answer> {
    const { site, client, signal, announceUrls } = request
    const findFiles = site.mirror?.search.files
    const mirror = mirrorRoot(site.mirror, announceUrls)
    if (!findFiles || mirror === null) throw nowhere()
    const query = parseSearch(request.query)
    const { words } = query
    const key = client === null ? null : clientKey(client)
    const files = await findFiles({
      words,
      root: mirror,
      client: key,
      signal,
    })
    return this.parts.turns.run(client, async () => {
      const wanted = { words, root: '../', except: files.places, signal }
      const torrents = await this.#find(wanted, announceUrls)
      return sitePage(
        { title: searchTitle(query), site, root: '../', search: query.text },
        renderResults(query, files, torrents),
      )
    })
  }

  /** The torrents that have all words, for the page of a search elsewhere. */
  search(wanted: TorrentsWanted): Promise<SearchResults> {
    return this.#find(wanted, [`${wanted.root}announce`])
  }

  async #find(wanted: TorrentsWanted, announceUrls: readonly string[]): Promise<SearchResults> {
    const { site, options, snapshots } = this.parts
    const { words, root } = wanted
    if (!site.hasCatalogue || words.length === 0) return NOTHING
    const links = new TorrentLinks(announceUrls, root, options)
    return findTorrents(await snapshots.get(), wanted, links)
  }

  async #category(request: SiteRequest, { isArchive, names, view }: Place): Promise<Answer> {
    const { site } = request
    const snapshot = await this.parts.snapshots.get()
    const { current, archive } = snapshot.categories
    const category = (isArchive ? archive : current).find(names)
    if (!category || (isArchive && !site.hasArchive)) throw nowhere()
    if (view === 'bare')
      return redirect(`./${encodeName(names.at(-1) ?? request.path.split('/').at(-1) ?? '')}/`)
    if (view === 'feed')
      return this.#feed(request, category, await newestOf(snapshot, category, FEED_ROWS))
    const isJson = view === 'json'
    const query = parseListQuery(request.query, isJson ? 'name' : 'added', !isJson)
    const links = this.#links(request, rootFrom(category))
    const sorted = await snapshot.order(query.sort, query.isDescending)
    const listing = { length: isJson ? JSON_ROWS : ROWS, textOf: textIn(category) }
    const rows = await listRows(sorted, query, listing)
    // The subcategories are beside the first torrents only
    const isFirst = query.search === '' && query.page === 1
    const children = paged(isFirst ? category.inOrder() : [], query.categories, CATEGORIES)
    if (isJson) return jsonAnswer(jsonOfCategory({ category, links, children, rows }), CACHED)
    const announce = request.announceUrls[0] ?? null
    const { history } = this.parts
    const list = { site, category, query, links, children, rows, hasNames: true }
    return listPage({ ...list, announce, snapshot, history })
  }

  #feed(request: PageRequest, category: CatalogueCategory, rows: readonly SwarmRow[]): Answer {
    // The URL of the first page, for programs that need whole URLs
    const base = request.announceUrls[0]?.slice(0, -'announce'.length) ?? 'http://localhost/'
    const path = categoryAddress(category, '')
    const title = `${titleOf(category)} - ${new URL(base).host}`
    const links = this.#links(request, '')
    const body = composeAtom(title, base, path, rows, links)
    const newest = rows[0]?.summary?.addedMs ?? 0
    const answer = textAnswer('application/atom+xml; charset=utf-8', body, 'max-age=60')
    const dated = { 'Last-Modified': new Date(newest).toUTCString() }
    return { ...answer, headers: { ...answer.headers, ...dated } }
  }

  async #torrent(request: SiteRequest, view: 'page' | 'json'): Promise<Answer> {
    const { site } = request
    const infoHash = infoHashOf(request.query)
    const row = infoHash === null ? null : this.parts.snapshots.find(infoHash)
    if (!row) throw nowhere()
    // No details of private torrents, which are for their users only
    const isPublic = row.category !== null && row.summary?.private === false
    const details = isPublic ? await this.#details.read(row.summary) : null
    const links = this.#links(request, '')
    if (view === 'page') {
      const filesPage = pageNumber(new URLSearchParams(request.query).get('files'))
      const comment = details?.comment ?? null
      const description = comment === null ? null : await formatComment(comment)
      const month = this.parts.snapshots.monthOf(row)
      return torrentPage({ site, row, month, details, description, filesPage, links })
    }
    const inside = details && jsonOfDetails(details)
    return jsonAnswer({ ...jsonOfRow(row, links), ...placeOf(row), ...inside }, CACHED)
  }

  #links({ announceUrls }: PageRequest, root: string): TorrentLinks {
    return new TorrentLinks(announceUrls, root, this.parts.options)
  }
}

const OTHER_PAGES: ReadonlyMap<string, 'page' | 'json' | 'activity' | 'search'> = new Map([
  [`/${SEARCH}`, 'search'],
  ['/torrent', 'page'],
  ['/torrent.json', 'json'],
  ['/activity', 'activity'],
])

/** A category, as a path names it, and the form of its answer. */
interface Place {
  readonly isArchive: boolean
  /** Names of directories. */
  readonly names: readonly string[]
  /** `bare`: the slash at the end is missing. */
  readonly view: 'page' | 'json' | 'feed' | 'bare'
}

const VIEWS: ReadonlyMap<string, Place['view']> = new Map([
  ['', 'page'],
  ['index.json', 'json'],
  ['feed.xml', 'feed'],
])

/**
 * Reads the path of a category; null if it is none. The names are only looked up among those of
 * known torrents, so a path cannot lead anywhere else.
 */
function parsePlace(path: string): Place | null {
  const [, top, ...segments] = path.split('/')
  if (top !== 'catalogue' && top !== 'archive') return null
  const view = segments.length === 0 ? 'bare' : (VIEWS.get(segments.at(-1) ?? '') ?? 'bare')
  const names = view === 'bare' ? segments : segments.slice(0, -1)
  const decoded = names.flatMap((name) => decodeName(name) ?? [])
  return decoded.length === names.length
    ? { isArchive: top === 'archive', names: decoded, view }
    : null
}

/** The texts of the torrents in a category or below it, which are searched. */
function textIn(category: CatalogueCategory) {
  return ({ category: own, lowerName }: SwarmRow) =>
    own && category.holds(own) ? `${own.text}/${lowerName}` : null
}

/** The newest torrents of a category, the newest first. */
async function newestOf(
  snapshot: Snapshot,
  category: CatalogueCategory,
  most: number,
): Promise<SwarmRow[]> {
  const wanted = Math.min(most, category.torrents)
  const newest: SwarmRow[] = []
  for (const [at, row] of (await snapshot.order('added', true)).entries()) {
    if (newest.length >= wanted) break
    if (category.holds(row.category)) newest.push(row)
    if (at % SLICE === 0) await setImmediate()
  }
  return newest
}

/** The current torrents that have all words, for a page that lists files, too. */
async function findTorrents(
  snapshot: Snapshot,
  { words, except, root, signal }: TorrentsWanted,
  links: TorrentLinks,
): Promise<SearchResults> {
  const pause = async () => {
    await setImmediate()
    signal.throwIfAborted()
  }
  const { current } = snapshot.categories
  const order = { sort: 'name', isDescending: false, page: 1, categories: 1 } as const
  const listing = { length: MOST_RESULTS + except.size, textOf: textIn(current), pause }
  const sorted = await snapshot.order(order.sort, order.isDescending)
  const { items, total } = await listRows(sorted, { ...order, words }, listing)
  const others = items.filter(({ summary }) => !except.has(summary?.place ?? ''))
  const rows = others.slice(0, MOST_RESULTS)
  const isCut = others.length > rows.length || total > items.length
  const query = formatListQuery({ ...order, search: words.join(' ') })
  const all = categoryAddress(current, root) + query
  const table = {
    label: WORDS.torrents,
    columns: entryColumns(WORDS.added),
    rows: rows.map((row) => cellsOf(row, root, links, words)),
    style: 'listing',
  }
  return {
    table: rows.length > 0 ? renderTable(table) : null,
    count: rows.length,
    isCut,
    note: isCut ? html`<p><a href="${all}">All that are found in the catalogue</a></p>` : null,
    entries: rows.map((row) => jsonOfEntry(row, links)),
  }
}

function cellsOf(
  row: SwarmRow,
  root: string,
  links: TorrentLinks,
  found: readonly string[],
): Cells {
  const { name, size, summary, category } = row
  const place = category?.path.join(' / ')
  const address = category && categoryAddress(category, root)
  return entryCells({
    name: name ?? '',
    size,
    isDirectory: false,
    address: links.page(row),
    time: summary?.addedMs || null,
    counts: { seeds: row.complete, leechers: row.downloading },
    page: { address: links.page(row), what: WORDS.torrent },
    found,
    after: place ? html`<small>in <a href="${address}">${place}</a></small>` : null,
  })
}
