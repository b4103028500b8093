import { awaitOr } from '../../../base/errors.js'
import { basename } from 'node:path'
import { LRUCache } from 'lru-cache'
import { type RegularFile, readRegular } from '../../../disk/look/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../../metainfo/bencode/check.js'
import { renderSearch } from '../../../page-parts/search.js'
import { WORDS } from '../../../page-parts/words.js'
import {
  keptField,
  orderFields,
  renderPages,
  sortForms,
  sortHeading,
} from '../../../page-parts/sorting.js'
import { type Html, html, type HtmlValue } from '../../../base/text/html.js'
import { counted, formatBytes, formatTime, formatNumber } from '../../../base/text/quantity.js'
import type { ServerContext } from '../../../server/context.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'
import type { TorrentList } from '../../allowed/torrent-list.js'
import type { History } from '../charts/history.js'
import { type Answer, jsonAnswer, redirect } from '../../../server/headers/answer.js'
import {
  CACHED,
  fileAnswer,
  nowhere,
  type PageRequest,
  type PageTurns,
  type SiteRequest,
} from './page-answer.js'
import {
  MAX_SEARCH,
  hasOwnSearch,
  MIRROR_PAGES,
  mirrorAt,
  type MirrorPlace,
  type Site,
  listTitle,
  trackerPage,
} from './site.js'
import { jsonOfRows, TorrentLinks } from './torrent-links.js'
import {
  type FreshSnapshot,
  type RowPage,
  type RowQuery,
  SORT_KEYS,
  type TorrentSortKey,
  formatRowQuery,
  parseRowQuery,
} from './torrent-rows.js'
import { COLUMNS, type SwarmRow } from './swarm-row.js'
import { infoHashOf } from '../../wires/http-query.js'
import type { SwarmStore } from '../../swarms/swarm-store.js'

/** Options that say which pages are shown. */
export interface PageOptions {
  readonly showInfoPage: boolean
  /** The URL to which the page of all torrents is redirected; null to show it here. */
  readonly redirect: string | null
  /** Whether names and sizes are shown. */
  readonly showNames: boolean
  /** Whether .torrent files can be downloaded. */
  readonly allowGet: boolean
  /** Whether there is a catalogue, and whether it is the front page. */
  readonly catalogue: 'on' | 'front' | 'off'
  /** The name of the site on its pages; null for btkit's. */
  readonly siteName: string | null
  /** The mirror in the same process; null for none. */
  readonly mirror: MirrorPlace | null
}

/** The sources of all pages. */
export interface PageSources extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly options: PageOptions
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  readonly torrents: TorrentList
  readonly history: Pick<History, 'samples'>
  /** The figures of all torrents, for pages of all kinds. */
  readonly snapshots: FreshSnapshot
  readonly version: string
  readonly site: Site
  /** Limits the pages of all kinds. */
  readonly turns: PageTurns
}

/** The tracker's pages, each as HTML and as JSON. */
export class Pages {
  readonly #files = new TorrentBytes()

  constructor(private readonly parts: PageSources) {}

  /** Answers a request; null if the path is not a page. */
  async answer(request: SiteRequest): Promise<Answer | null> {
    const { options, turns } = this.parts
    const act = this.#routes.get(request.path)
    if (!act) return null
    if (request.path === '/file' ? !options.allowGet : !options.showInfoPage) return null
    return turns.run(request.client, () => act(request))
  }

  readonly #routes = new Map<string, (request: SiteRequest) => Promise<Answer>>([
    ['/', (request) => this.#frontPage(request)],
    ['/index.html', (request) => this.#infoPage(request)],
    ['/index.json', (request) => this.#infoJson(request)],
    ['/file', (request) => this.#file(request)],
    ...MIRROR_PAGES.map(({ path, there }) => {
      const act = (request: SiteRequest) => Promise.resolve(this.#toMirror(request, there))
      return [`/${path}`, act] as const
    }),
  ])

  async #frontPage(request: SiteRequest): Promise<Answer> {
    const { options, site } = this.parts
    const isCatalogue = options.catalogue === 'front' && site.hasCatalogue
    return isCatalogue ? redirect('./catalogue/') : this.#infoPage(request)
  }

  /** Leads to a page of the mirror at the host of the request. */
  #toMirror({ announceUrls }: PageRequest, there: string): Answer {
    const root = mirrorAt(this.parts.options.mirror, announceUrls)
    if (root === null) throw nowhere()
    return redirect(new URL(there, root).href)
  }

  async #infoPage({ query, announceUrls, site }: SiteRequest): Promise<Answer> {
    const { options, version, now } = this.parts
    if (options.redirect !== null) return redirect(options.redirect)
    const { snapshot, rowQuery, rowPage, hasNames } = await this.#select(query)
    const links = this.#links(announceUrls)
    const { isCut } = snapshot
    const parts = { rowPage, query: rowQuery, hasNames, isCut, links, version, site, now: now() }
    return infoPage(parts)
  }

  async #infoJson({ query, announceUrls }: PageRequest): Promise<Answer> {
    const { rowPage, time } = await this.#select(query)
    return jsonAnswer(jsonOfRows(rowPage, this.#links(announceUrls), time), CACHED)
  }

  /** Answers with a .torrent file if the file did not change since it was read. */
  async #file({ query }: PageRequest): Promise<Answer> {
    const infoHash = infoHashOf(query)
    const known = infoHash === null ? undefined : this.parts.torrents.torrents.get(infoHash)
    const bytes = known?.metainfo ? await this.#files.of(known.metainfo) : null
    if (!bytes) throw nowhere()
    return fileAnswer(bytes, basename(known?.metainfo?.path ?? ''))
  }

  async #select(query: string) {
    const { options, torrents, snapshots } = this.parts
    const hasNames = options.showNames && !torrents.isOpen
    const rowQuery = parseRowQuery(new URLSearchParams(query), hasNames)
    const taking = snapshots.get()
    const time = snapshots.takenAt
    const snapshot = await taking
    return { snapshot, rowQuery, rowPage: await snapshot.page(rowQuery), hasNames, time }
  }

  #links(announceUrls: readonly string[]): TorrentLinks {
    return new TorrentLinks(announceUrls, '', this.parts.options)
  }
}

/** Bytes of memory for files that were sent. */
const MEMORY = 32 * 1024 * 1024

/**
 * Reads .torrent files to send them. All clients of a file share its bytes; otherwise slow readers
 * of one large torrent would fill the memory with copies.
 */
class TorrentBytes {
  readonly #kept = new LRUCache<string, RegularFile>({
    maxSize: MEMORY,
    sizeCalculation: ({ bytes }, path) => bytes.length + path.length + 1,
    fetchMethod: async (path, old) =>
      (await readRegular(path, DEFAULT_MAX_SIZE, old?.state ?? null)) ?? old,
    ignoreFetchAbort: true,
  })

  /** The bytes of a torrent's file; null if it is gone or changed since the torrent was read. */
  async of({ path, state }: Pick<KnownSummary, 'path' | 'state'>): Promise<Uint8Array | null> {
    if (path === null) return null
    const file = await awaitOr(null, this.#kept.fetch(path, { forceRefresh: true }))
    return file?.state === state ? file.bytes : null
  }
}

interface InfoPage {
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

/** The page that lists all torrents. */
function infoPage(parts: InfoPage): Answer {
  const { rowPage, query, hasNames, isCut, version, site, now } = parts
  const kept = orderFields(query, hasNames ? 'name' : 'hash')
  const columns = SORT_KEYS.filter((key) => hasNames || COLUMNS[key].isOfNames !== true)
  return trackerPage(
    site,
    {
      title: WORDS.allTorrents,
      current: 'list',
      searched: query.filter,
      kept,
      footer: html`tracker version: btkit ${version}<br />server time: ${formatTime(now, 'second')}
        UTC`,
    },
    html`${listTitle(site, '', 'list')}
      ${
        query.filter !== '' &&
        !hasOwnSearch(site, 'list') &&
        renderSearch({
          id: 'filter',
          action: './',
          name: 'q',
          value: query.filter,
          most: MAX_SEARCH,
          kept,
          placeholder: WORDS.inAll,
          all: formatRowQuery({ ...query, filter: '', page: 1 }),
        })
      }
      ${sortForms(keptField('q', query.filter))}
      <div class="scroll">
        <table class="rows swarms" aria-label="${WORDS.allTorrents}">
          <thead>
            <tr>
              ${columns.map((key) => heading(key, query, hasNames))}
              <th scope="col" class="get">Get</th>
            </tr>
          </thead>
          <tbody>
            ${rowPage.rows.map((row) => bodyRow(row, columns, parts))}
          </tbody>
          <tfoot>
            ${totalRow(rowPage, columns, hasNames)}
          </tfoot>
        </table>
      </div>
      ${renderPages(rowPage, (page) => formatRowQuery({ ...query, page }), 'Pages of torrents')}
      ${isCut && html`<p>There are more torrents than this page can list. The totals count all of them.</p>`}
      ${legend(columns)}`,
  )
}

function heading(key: TorrentSortKey, query: RowQuery, hasNames: boolean): Html {
  const column = { key, title: COLUMNS[key].title, style: classOf(key, hasNames) }
  return sortHeading(column, query)
}

/** If there are no names, info hashes take the place of that column. */
function classOf(key: TorrentSortKey, hasNames: boolean): string {
  return key === 'hash' && !hasNames ? 'name' : COLUMNS[key].kind
}

function bodyRow(
  row: SwarmRow,
  columns: readonly TorrentSortKey[],
  { links, hasNames }: Pick<InfoPage, 'links' | 'hasNames'>,
): Html {
  const link = (text: string) => html`<a href="${links.page(row)}">${text}</a>`
  const cells = columns.map((key) => {
    const content = COLUMNS[key].cell(row, link)
    if (COLUMNS[key].kind === 'n') return numberCell(key, content)
    const kind = classOf(key, hasNames)
    if (kind === 'name') return html`<th scope="row" class="name">${content}</th>`
    return html`<td class="${kind}">${content}</td>`
  })
  return html`<tr>
    ${cells}
    <td class="get">${links.render(row)}</td>
  </tr> `
}

/** On narrow screens the label replaces the column heading. */
function numberCell(key: TorrentSortKey, content: HtmlValue): Html {
  const shown = typeof content === 'number' ? formatNumber(content) : content
  return html`<td class="n ${key}" data-label="${COLUMNS[key].title}">${shown}</td>`
}

/** The last row: number of torrents and sums. */
function totalRow(
  { totals }: RowPage,
  columns: readonly TorrentSortKey[],
  hasNames: boolean,
): Html {
  const cells = columns.map((key) => {
    if (classOf(key, hasNames) === 'name')
      return html`<td class="name">${counted(totals.torrents, 'torrent')}</td>`
    if (key === 'hash' || key === 'name') return html`<td class="hash"></td>`
    return numberCell(key, COLUMNS[key].isBytes ? formatBytes(totals[key]) : totals[key])
  })
  return html`<tr>
    ${cells}
    <td></td>
  </tr>`
}

function legend(columns: readonly TorrentSortKey[]): Html {
  return html`<details>
    <summary>What the columns mean</summary>
    <dl>
      ${columns.map((key) => {
        const { title, meaning } = COLUMNS[key]
        return (
          meaning !== undefined &&
          html`<dt>${title}</dt>
            <dd>${meaning}</dd>`
        )
      })}
    </dl>
  </details>`
}
