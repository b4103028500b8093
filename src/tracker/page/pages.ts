import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import { describeTorrent, type AllowedTorrent } from '../allowed/known-torrent.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { History } from '../history/history.js'
import { renderInfoPage } from './info-page.js'
import { jsonOfRow, jsonOfRows } from './json.js'
import {
  fileAnswer,
  jsonAnswer,
  notFound,
  pageAnswer,
  redirect,
  tooBusy,
  type PageAnswer,
} from './page-answer.js'
import { RenderBudget } from './render-budget.js'
import { parseRowQuery } from './row-query.js'
import { makeRow, Snapshot } from './snapshot.js'
import { TorrentLinks } from './torrent-links.js'
import { renderTorrentPage } from './torrent-page.js'
import type { ServerContext } from '../../server/context.js'
import { decodeText } from '../protocol/query-bytes.js'

const INFO_HASH_FIELDS: readonly string[] = ['info_hash', 'hash']

/** Options that say which pages are shown. */
export interface PageOptions {
  readonly showInfoPage: boolean
  /** The URL to which the page of all torrents is redirected; null to show it here. */
  readonly redirect: string | null
  /** Whether names and sizes are shown. */
  readonly showNames: boolean
  /** Whether .torrent files can be downloaded. */
  readonly allowGet: boolean
}

export interface PagesParts extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly options: PageOptions
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  readonly torrents: TorrentList
  readonly history: Pick<History, 'of'>
  readonly version: string
}

/** A request for a page. */
export interface PageRequest {
  readonly path: string
  /** The part of the URL after the question mark. */
  readonly query: string
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** The announce URLs for this client. */
  readonly announceUrls: readonly string[]
}

/** Maximum age of the swarm figures shown, in milliseconds. */
const MAX_AGE = 10_000

/** The tracker's pages, each as HTML and as JSON. */
export class Pages {
  readonly #parts: PagesParts
  readonly #budget: RenderBudget
  #snapshot: Promise<Snapshot> | null = null
  #takenAt = 0
  /** In milliseconds since 1970. */
  #timeOfFigures = 0

  constructor(parts: PagesParts) {
    this.#parts = parts
    this.#budget = new RenderBudget(parts.monotonic)
  }

  /** Answers a request; null if the path is not a page. */
  async answer(request: PageRequest): Promise<PageAnswer | null> {
    const { options } = this.#parts
    const act = this.#routes.get(request.path)
    if (!act) return null
    if (request.path === '/file' ? !options.allowGet : !options.showInfoPage) return notFound()
    return this.#budget.spend(request.client) ? act(request) : tooBusy()
  }

  readonly #routes = new Map<string, (request: PageRequest) => Promise<PageAnswer>>([
    ['/', (request) => this.#infoPage(request)],
    ['/index.html', (request) => this.#infoPage(request)],
    ['/index.json', (request) => this.#infoJson(request)],
    ['/torrent', (request) => this.#torrentPage(request)],
    ['/torrent.json', (request) => this.#torrentJson(request)],
    ['/file', (request) => this.#file(request)],
  ])

  async #infoPage({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const { options, version, now } = this.#parts
    if (options.redirect !== null) return redirect(options.redirect)
    const { snapshot, rowQuery, rowPage, hasNames } = await this.#select(query)
    const links = this.#links(announceUrls)
    const { isCut } = snapshot
    const parts = { rowPage, query: rowQuery, hasNames, isCut, links, version, now: now() }
    return pageAnswer(renderInfoPage(parts))
  }

  async #infoJson({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const { rowPage, time } = await this.#select(query)
    return jsonAnswer(jsonOfRows(rowPage, this.#links(announceUrls), time))
  }

  async #torrentPage({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const row = await this.#row(query)
    if (!row) return notFound()
    const { history } = this.#parts
    const links = this.#links(announceUrls)
    return pageAnswer(renderTorrentPage({ row, history, links }))
  }

  async #torrentJson({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const row = await this.#row(query)
    if (!row) return notFound()
    const history = this.#parts.history.of(row.infoHash, 'day')
    const torrent = { ...jsonOfRow(row, this.#links(announceUrls)), history }
    return jsonAnswer(torrent)
  }

  /** Answers with a .torrent file if the file still holds that torrent. */
  async #file({ query }: PageRequest): Promise<PageAnswer> {
    const infoHash = infoHashOf(query)
    const known = infoHash === null ? undefined : this.#parts.torrents.torrents.get(infoHash)
    const path = known?.metainfo?.path
    const bytes = known && path ? await readTorrentOf(known, path) : null
    return bytes && infoHash ? fileAnswer(bytes, infoHash) : notFound()
  }

  /** The row of the torrent named in a query; null if the torrent is unknown. */
  async #row(query: string) {
    const { store, torrents, options } = this.#parts
    const infoHash = infoHashOf(query)
    if (infoHash === null) return null
    const torrent = torrents.torrents.get(infoHash) ?? null
    const isSwarm = torrents.isOpen && (await store.scrape(Buffer.from(infoHash, 'hex'))) !== null
    return torrent || isSwarm ? makeRow(infoHash, torrent, { store, ...options }) : null
  }

  async #select(query: string) {
    const { options, torrents } = this.#parts
    const hasNames = options.showNames && !torrents.isOpen
    const rowQuery = parseRowQuery(new URLSearchParams(query), hasNames)
    const taking = this.#fresh()
    const time = this.#timeOfFigures
    const snapshot = await taking
    return { snapshot, rowQuery, rowPage: await snapshot.page(rowQuery), hasNames, time }
  }

  #links(announceUrls: readonly string[]): TorrentLinks {
    return new TorrentLinks({ announceUrls, allowGet: this.#parts.options.allowGet })
  }

  #fresh(): Promise<Snapshot> {
    const { store, torrents, options, now, monotonic } = this.#parts
    const at = monotonic()
    if (this.#snapshot && at - this.#takenAt < MAX_AGE) return this.#snapshot
    this.#takenAt = at
    this.#timeOfFigures = now()
    const source = { store, torrents: torrents.torrents, isOpen: torrents.isOpen }
    this.#snapshot = Snapshot.take({ ...source, showNames: options.showNames })
    return this.#snapshot
  }
}

/** The bytes of a .torrent file; null if it is gone or now holds another torrent. */
async function readTorrentOf(
  { infoHash }: AllowedTorrent,
  path: string,
): Promise<Uint8Array | null> {
  try {
    const file = await readRegular(path, DEFAULT_MAX_SIZE, null)
    if (!file) return null
    const torrents = describeTorrent(file.bytes, path, false)
    return torrents.some((torrent) => torrent.infoHash === infoHash) ? file.bytes : null
  } catch (error) {
    if (error instanceof BtkitError) return null
    throw error
  }
}

/**
 * Reads the info hash in a query, as 40 hexadecimal digits or as 20 escaped bytes like in
 * announces.
 * Returns it in hexadecimal, or null if there is none.
 */
function infoHashOf(query: string): string | null {
  const fields = query.split('&').map((field) => field.split(/=(.*)/s).map(decodeText))
  const [, value = ''] = fields.find(([name = '']) => INFO_HASH_FIELDS.includes(name)) ?? []
  if (/^[0-9a-f]{40}$/i.test(value)) return value.toLowerCase()
  return value.length === 20 ? Buffer.from(value, 'latin1').toString('hex') : null
}
