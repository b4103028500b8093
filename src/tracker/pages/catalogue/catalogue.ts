import { setImmediate } from 'node:timers/promises'
import { encodeName } from '../../../base/percent.js'
import { decodeName } from '../../../base/text/raw-path.js'
import { type Answer, jsonAnswer, redirect, textAnswer } from '../../../server/headers/answer.js'
import { clientKey } from '../../../server/connections/client-address.js'
import { renderFigures, countFigures } from '../../../page-parts/item.js'
import {
  describeFound,
  MOST_RESULTS,
  type SearchResults,
  NOTHING,
  parseSearch,
  renderResults,
  searchTitle,
  type TorrentsWanted,
} from '../../../page-parts/results.js'
import { renderEntries, renderEntryRow } from '../../../page-parts/rows.js'
import { pageNumber } from '../../../page-parts/sorting.js'
import { WORDS } from '../../../page-parts/words.js'
import { type Html, html } from '../../../base/text/html.js'
import { categoryPage } from './category-page.js'
import {
  type CatalogueCategory,
  type CatalogueQuery,
  type CatalogueRoot,
  Categories,
  categoryAddress,
  formatCatalogueQuery,
  parseCatalogueQuery,
  rootFrom,
  titleOf,
} from './category.js'
import { composeAtom, jsonOfCategory, jsonOfDetails, jsonOfEntry, placeOf } from './json.js'
import { type CatalogueEntry, type CatalogueRow, Shelves } from './shelves.js'
import { DetailsReader, formatComment, torrentPage } from './torrent-page.js'
import { renderCharts } from '../charts/chart.js'
import { CACHED, nowhere, type PageRequest, type SiteRequest } from '../overview/page-answer.js'
import type { PageSources } from '../overview/pages.js'
import { mirrorRoot, SEARCH, type Site, trackerPage } from '../overview/site.js'
import { jsonOfRow, TorrentLinks } from '../overview/torrent-links.js'
import { type Snapshot, firstHash, makeRow } from '../overview/torrent-rows.js'
import type { SwarmRow } from '../overview/swarm-row.js'
import { infoHashOf } from '../../wires/http-query.js'
import type { InfoHash } from '../../../metainfo/values.js'

/** Torrents on a page, in an answer of JSON, on the front page as new, and in a feed. */
const ROWS = 100
const JSON_ROWS = 1000
const NEW_ROWS = 20
const FEED_ROWS = 50

/** The pages of single torrents, and of their categories: the directories in which they are. */
export class Catalogue {
  #shelves: { readonly of: Promise<Snapshot>; readonly filled: Promise<Shelves> } | null = null
  readonly #details = new DetailsReader()

  constructor(
    private readonly parts: PageSources,
    private readonly roots: readonly CatalogueRoot[],
  ) {}

  /** The torrents by category, at one time. */
  #filled(): Promise<Shelves> {
    const of = this.parts.snapshots.get()
    if (this.#shelves?.of !== of) {
      const filled = of.then((snapshot) => Shelves.fill(snapshot, this.roots))
      this.#shelves = { of, filled }
    }
    return this.#shelves.filled
  }

  /** Answers a request; null if the path is not a page of the catalogue. */
  async answer(request: SiteRequest): Promise<Answer | null> {
    const { options, turns } = this.parts
    const { site } = request
    const other = OTHER_PAGES.get(request.path)
    const place = site.hasCatalogue ? parsePlace(request.path) : null
    if (other === undefined && place === null) return null
    if (!options.showInfoPage) return null
    if (other === 'search') return this.#search(request)
    return turns.run(request.client, () => {
      if (other === 'activity') return this.#activity(site)
      if (place !== null) return this.#category(request, place)
      return this.#torrent(request, other ?? 'page')
    })
  }

  /** The charts of all torrents together. */
  async #activity(site: Site): Promise<Answer> {
    const { history, snapshots } = this.parts
    const { totals } = await snapshots.get()
    const title = WORDS.activity
    return trackerPage(
      site,
      { title, current: 'activity' },
      html`<h1>${title}</h1>
        <p>All torrents together.</p>
        ${renderFigures([
          [WORDS.torrents, totals.torrents],
          ...countFigures(totals.complete, totals.downloading, totals.downloaded),
        ])}
        ${renderCharts(history)}`,
    )
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
      address: mirror.replace(/\/$/, ''),
      client: key,
      signal,
    })
    return this.parts.turns.run(client, async () => {
      const wanted = { words, root: '../', except: files.places, signal }
      const torrents = await this.#find(wanted, announceUrls)
      const place = { title: searchTitle(query), root: '../', searched: query.text }
      return trackerPage(site, place, renderResults(query, files, torrents))
    })
  }

  /** The torrents that have all words, for the page of a search elsewhere. */
  search(wanted: TorrentsWanted): Promise<SearchResults> {
    return this.#find(wanted, [`${wanted.root}announce`])
  }

  async #find(wanted: TorrentsWanted, announceUrls: readonly string[]): Promise<SearchResults> {
    const { site, options } = this.parts
    const { words, root } = wanted
    if (!site.hasCatalogue || words.length === 0) return NOTHING
    const links = new TorrentLinks(announceUrls, root, options)
    return findTorrents(await this.#filled(), wanted, links)
  }

  async #category(request: SiteRequest, { isArchive, names, view }: Place): Promise<Answer> {
    const { site } = request
    const shelves = await this.#filled()
    const category = (isArchive ? shelves.archive : shelves.current).find(names)
    if (!category || (isArchive && !site.hasArchive)) throw nowhere()
    if (view === 'bare')
      return redirect(`./${encodeName(names.at(-1) ?? request.path.split('/').at(-1) ?? '')}/`)
    if (view === 'feed')
      return this.#feed(request, category, await shelves.newest(category, FEED_ROWS))
    const query = parseCatalogueQuery(request.query)
    const links = this.#links(request, rootFrom(category))
    const isJson = view === 'json'
    const hasNew = !isArchive && names.length === 0 && category.children.size > 0
    const isFront = !isJson && hasNew && !hasList(request.query)
    const lists = isFront
      ? await shelves.front(category, query, NEW_ROWS)
      : await shelves.list(category, query, isJson ? JSON_ROWS : ROWS)
    if (isJson) return jsonAnswer(jsonOfCategory({ category, links, ...lists }), CACHED)
    return categoryPage({ site, category, query, links, isFront, ...lists })
  }

  #feed(request: PageRequest, category: CatalogueCategory, rows: readonly CatalogueRow[]): Answer {
    // The URL of the first page, for programs that need whole URLs
    const base = request.announceUrls[0]?.slice(0, -'announce'.length) ?? 'http://localhost/'
    const path = categoryAddress(category, '')
    const title = `${titleOf(category)} - ${new URL(base).host}`
    const links = this.#links(request, '')
    const body = composeAtom(title, base, path, rows, links)
    const newest = rows[0]?.entry.summary.addedMs ?? 0
    const answer = textAnswer('application/atom+xml; charset=utf-8', body, 'max-age=60')
    const dated = { 'Last-Modified': new Date(newest).toUTCString() }
    return { ...answer, headers: { ...answer.headers, ...dated } }
  }

  async #torrent(request: SiteRequest, view: 'page' | 'json'): Promise<Answer> {
    const { site } = request
    const infoHash = infoHashOf(request.query)
    const found = infoHash === null ? null : this.#known(infoHash)
    if (!found) throw nowhere()
    const { row, entry } = found
    // No details of private torrents, which are for their users only
    const isPublic = entry !== null && !entry.summary.private
    const details = isPublic ? await this.#details.read(entry.summary) : null
    const links = this.#links(request, '')
    if (view === 'page') {
      const filesPage = pageNumber(new URLSearchParams(request.query).get('files'))
      const comment = details?.comment ?? null
      const description = comment === null ? null : await formatComment(comment)
      const parts = { site, row, entry, details, description, filesPage, links }
      return torrentPage(parts)
    }
    const known = entry && placeOf(entry)
    const inside = details && jsonOfDetails(details)
    return jsonAnswer({ ...jsonOfRow(row, links), ...known, ...inside }, CACHED)
  }

  /** A torrent and its place in the catalogue, null for none; null if the torrent is unknown. */
  #known(
    infoHash: InfoHash,
  ): { readonly row: SwarmRow; readonly entry: CatalogueEntry | null } | null {
    const { store, torrents, options, site } = this.parts
    const known = torrents.torrents
    const torrent = known.get(infoHash) ?? null
    const summary = torrent?.metainfo
    if (site.hasCatalogue && summary) {
      const first = firstHash(torrent, known)
      const row = makeRow(first, known.get(first) ?? torrent, { store, showNames: true })
      return { row, entry: { summary, category: new Categories(this.roots).of(summary) } }
    }
    const isSwarm = torrents.isOpen && store.scrape(Buffer.from(infoHash, 'hex')) !== null
    if (!torrent && !isSwarm) return null
    return { row: makeRow(infoHash, torrent, { store, ...options }), entry: null }
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

/** Whether a query asks for a list of torrents. */
function hasList(query: string): boolean {
  const parameters = new URLSearchParams(query)
  return ['q', 'sort', 'page'].some((name) => parameters.has(name))
}

/** The current torrents that have all words, for a page that lists files, too. */
async function findTorrents(
  shelves: Shelves,
  { words, except, root, signal }: TorrentsWanted,
  links: TorrentLinks,
): Promise<SearchResults> {
  const order = { sort: 'name', isDescending: false, page: 1, categories: 1 } as const
  const query: CatalogueQuery = { ...order, search: words.join(' '), words }
  const pause = async () => {
    await setImmediate()
    signal.throwIfAborted()
  }
  const length = MOST_RESULTS + except.size
  const { torrents } = await shelves.list(shelves.current, query, length, pause)
  const others = torrents.items.filter(({ entry }) => !except.has(entry.summary.place ?? ''))
  const rows = others.slice(0, MOST_RESULTS)
  const isCut = others.length > rows.length || torrents.total > torrents.items.length
  const caption = describeFound({ count: rows.length, isCut })
  const all = `${categoryAddress(shelves.current, root)}${formatCatalogueQuery(query).slice(2)}`
  const rendered = rows.map((row) => renderRow(row, root, links))
  return {
    table: rows.length > 0 ? renderEntries(rendered, caption, WORDS.added, true) : null,
    count: rows.length,
    isCut,
    note: isCut ? html`<p><a href="${all}">All that are found in the catalogue</a></p>` : null,
    entries: rows.map((row) => jsonOfEntry(row, links)),
  }
}

function renderRow(row: CatalogueRow, root: string, links: TorrentLinks): Html {
  const { summary, category } = row.entry
  const { name, size, addedMs } = summary
  const place = category.path.join('/')
  return renderEntryRow(
    {
      name,
      size,
      isDirectory: false,
      address: links.page(row),
      time: addedMs === 0 ? null : addedMs,
      counts: { seeds: row.complete, leechers: row.downloading },
      links: links.render(row),
      after: place && html`<a class="place" href="${categoryAddress(category, root)}">${place}</a>`,
    },
    true,
  )
}
