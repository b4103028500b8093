import { awaitOr } from '../../../base/errors.js'
import { basename } from 'node:path'
import { LRUCache } from 'lru-cache'
import { type RegularFile, readRegular } from '../../../disk/look/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../../metainfo/bencode/check.js'
import { paged } from '../../../page-parts/sorting.js'
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
import { listPage } from './list-page.js'
import { MIRROR_PAGES, mirrorAt, type MirrorPlace, type Site } from './site.js'
import type { FreshSnapshot } from './snapshot.js'
import { jsonOfRow, TorrentLinks } from './torrent-links.js'
import { listRows, parseListQuery } from './torrent-list.js'
import type { SwarmRow } from './swarm-row.js'
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
  /** Whether there is a catalogue; it is the front page. */
  readonly catalogue: 'on' | 'front' | 'off'
  /** The name of the site on its pages; null for btkit's. */
  readonly siteName: string | null
  /** The mirror in the same process; null for none. */
  readonly mirror: MirrorPlace | null
}

/** The sources of all pages. */
export interface PageSources extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly options: PageOptions
  readonly store: Pick<SwarmStore, 'list' | 'scrape' | 'monthOf'>
  readonly torrents: TorrentList
  readonly history: Pick<History, 'samples'>
  /** The figures of all torrents, for pages of all kinds. */
  readonly snapshots: FreshSnapshot
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

  /** Leads to a page of the mirror at the host of the request. */
  #toMirror({ announceUrls }: PageRequest, there: string): Answer {
    const root = mirrorAt(this.parts.options.mirror, announceUrls)
    if (root === null) throw nowhere()
    return redirect(new URL(there, root).href)
  }

  /** The first page is the catalogue, if there is one of all torrents. */
  async #frontPage(request: SiteRequest): Promise<Answer> {
    const { torrents, site } = this.parts
    // Another page takes the place of this one, not of the catalogue
    const isHere = site.hasList && request.query === ''
    const isCatalogue = isHere && site.hasCatalogue && !torrents.isOpen
    return isCatalogue ? redirect('./catalogue/') : this.#infoPage(request)
  }

  /** The page that lists all torrents. */
  async #infoPage({ query: given, announceUrls, site }: SiteRequest): Promise<Answer> {
    const { options, history } = this.parts
    if (options.redirect !== null) return redirect(options.redirect)
    const { query, rows, hasNames, snapshot } = await this.#select(given, true)
    return listPage({
      site,
      category: null,
      query,
      children: paged([], 1, 1),
      rows,
      hasNames,
      links: this.#links(announceUrls),
      announce: announceUrls[0] ?? null,
      snapshot,
      history,
    })
  }

  async #infoJson({ query, announceUrls }: PageRequest): Promise<Answer> {
    const { rows, snapshot } = await this.#select(query)
    const { page, pages, totals, items } = rows
    const links = this.#links(announceUrls)
    const torrents = items.map((row) => jsonOfRow(row, links))
    const time = new Date(snapshot.time).toISOString()
    return jsonAnswer({ time, page, pages, totals, torrents }, CACHED)
  }

  /** Answers with a .torrent file if the file did not change since it was read. */
  async #file({ query }: PageRequest): Promise<Answer> {
    const infoHash = infoHashOf(query)
    const known = infoHash === null ? undefined : this.parts.torrents.torrents.get(infoHash)
    const bytes = known?.metainfo ? await this.#files.of(known.metainfo) : null
    if (!bytes) throw nowhere()
    return fileAnswer(bytes, basename(known?.metainfo?.path ?? ''))
  }

  /** People see the newest or busiest first, and programs get an order that lasts. */
  async #select(given: string, isForPeople = false) {
    const { options, torrents, snapshots } = this.parts
    const hasNames = options.showNames && !torrents.isOpen
    const standard = isForPeople ? PEOPLE : PROGRAMS
    const query = parseListQuery(given, standard[hasNames ? 0 : 1], isForPeople)
    const snapshot = await snapshots.get()
    const sorted = await snapshot.order(query.sort, query.isDescending)
    const listing = { length: PAGE_LENGTH, textOf: ({ lowerName }: SwarmRow) => lowerName }
    const rows =
      query.search === ''
        ? { ...paged(sorted, query.page, PAGE_LENGTH), totals: snapshot.totals }
        : await listRows(sorted, query, listing)
    return { query, rows, hasNames, snapshot }
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

/** The usual orders with names and without. */
const PEOPLE = ['added', 'complete'] as const
const PROGRAMS = ['name', 'hash'] as const

/** Rows per page. */
const PAGE_LENGTH = 200
