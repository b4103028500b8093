import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../errors.js'
import { type RegularFile, readRegular } from '../../files/read-regular.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import type { ServerContext } from '../../server/context.js'
import type { TorrentSummary } from '../allowed/known-torrent.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import { renderInfoPage } from './info-page.js'
import {
  type PageAnswer,
  type RenderQueue,
  fileAnswer,
  jsonAnswer,
  notFound,
  pageAnswer,
  redirect,
} from './page-answer.js'
import type { Site } from './site.js'
import { Snapshot, TorrentLinks, jsonOfRows, parseRowQuery } from './torrent-rows.js'
import { infoHashOf } from '../protocol/http-query.js'
import type { SwarmStore } from '../swarms/swarm-store.js'

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
}

interface PagesParts extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly options: PageOptions
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  readonly torrents: TorrentList
  readonly version: string
  readonly site: Site
  /** Limits the pages of all kinds. */
  readonly queue: RenderQueue
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
  readonly #files = new TorrentBytes()
  #snapshot: Promise<Snapshot> | null = null
  #takenAt = 0
  /** In milliseconds since 1970. */
  #timeOfFigures = 0

  constructor(private readonly parts: PagesParts) {}

  /** Answers a request; null if the path is not a page. */
  async answer(request: PageRequest): Promise<PageAnswer | null> {
    const { options, queue } = this.parts
    const act = this.#routes.get(request.path)
    if (!act) return null
    if (request.path === '/file' ? !options.allowGet : !options.showInfoPage) return notFound()
    return queue.render(request.client, () => act(request))
  }

  readonly #routes = new Map<string, (request: PageRequest) => Promise<PageAnswer>>([
    ['/', (request) => this.#frontPage(request)],
    ['/index.html', (request) => this.#infoPage(request)],
    ['/index.json', (request) => this.#infoJson(request)],
    ['/file', (request) => this.#file(request)],
  ])

  async #frontPage(request: PageRequest): Promise<PageAnswer> {
    const { options, site } = this.parts
    const isCatalogue = options.catalogue === 'front' && site.hasCatalogue
    return isCatalogue ? redirect('./catalogue/') : this.#infoPage(request)
  }

  async #infoPage({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const { options, version, site, now } = this.parts
    if (options.redirect !== null) return redirect(options.redirect)
    const { snapshot, rowQuery, rowPage, hasNames } = await this.#select(query)
    const links = this.#links(announceUrls)
    const { isCut } = snapshot
    const parts = { rowPage, query: rowQuery, hasNames, isCut, links, version, site, now: now() }
    return pageAnswer(renderInfoPage(parts))
  }

  async #infoJson({ query, announceUrls }: PageRequest): Promise<PageAnswer> {
    const { rowPage, time } = await this.#select(query)
    return jsonAnswer(jsonOfRows(rowPage, this.#links(announceUrls), time))
  }

  /** Answers with a .torrent file if the file did not change since it was read. */
  async #file({ query }: PageRequest): Promise<PageAnswer> {
    const infoHash = infoHashOf(query)
    const known = infoHash === null ? undefined : this.parts.torrents.torrents.get(infoHash)
    const bytes = known?.metainfo ? await this.#files.of(known.metainfo) : null
    return bytes && infoHash ? fileAnswer(bytes, infoHash) : notFound()
  }

  async #select(query: string) {
    const { options, torrents } = this.parts
    const hasNames = options.showNames && !torrents.isOpen
    const rowQuery = parseRowQuery(new URLSearchParams(query), hasNames)
    const taking = this.#fresh()
    const time = this.#timeOfFigures
    const snapshot = await taking
    return { snapshot, rowQuery, rowPage: await snapshot.page(rowQuery), hasNames, time }
  }

  #links(announceUrls: readonly string[]): TorrentLinks {
    const { allowGet } = this.parts.options
    return new TorrentLinks({ announceUrls, allowGet, root: '' })
  }

  #fresh(): Promise<Snapshot> {
    const { store, torrents, options, now, monotonic } = this.parts
    const at = monotonic()
    if (this.#snapshot && at - this.#takenAt < MAX_AGE) return this.#snapshot
    this.#takenAt = at
    this.#timeOfFigures = now()
    const source = { store, torrents: torrents.torrents, isOpen: torrents.isOpen }
    const taking = Snapshot.take({ ...source, showNames: options.showNames })
    this.#snapshot = taking
    taking.catch(() => {
      // The next request tries again
      if (this.#snapshot === taking) this.#snapshot = null
    })
    return taking
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
  })
  readonly #reading = new Map<string, Promise<RegularFile | null>>()

  /** The bytes of a torrent's file; null if it is gone or changed since the torrent was read. */
  async of({ path, state }: Pick<TorrentSummary, 'path' | 'state'>): Promise<Uint8Array | null> {
    if (path === null) return null
    const reading = this.#reading.get(path) ?? this.#read(path)
    this.#reading.set(path, reading)
    try {
      const file = await reading
      return file?.state === state ? file.bytes : null
    } finally {
      this.#reading.delete(path)
    }
  }

  async #read(path: string): Promise<RegularFile | null> {
    const kept = this.#kept.get(path) ?? null
    try {
      const file = (await readRegular(path, DEFAULT_MAX_SIZE, kept?.state ?? null)) ?? kept
      if (file) this.#kept.set(path, file)
      return file
    } catch (error) {
      this.#kept.delete(path)
      if (error instanceof BtkitError) return null
      throw error
    }
  }
}
