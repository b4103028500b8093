import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { html } from '../../text/html.js'
import { prefersJson } from '../../server/answers/accept.js'
import { pageHeaders, SAFE_HEADERS } from '../../server/pages/policy.js'
import type { Planner } from '../admission/planner.js'
import type { Mirror } from '../tree/mirror.js'
import { endConditional } from '../../server/answers/conditional.js'
import { errorResponse, sendLine } from '../../server/answers/errors.js'
import type { Requester, Requesters } from '../requests/requester.js'
import type { HeaderOptions } from '../requests/site-header.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import { EmptyDirectories, isEmptyListing } from './empty-directories.js'
import { jsonOfListing, type ListingView } from './json.js'
import type { LinkContext } from './links.js'
import type { Listing } from './listing.js'
import type { Listings, PendingListing } from './listings.js'
import { renderEntries, renderListingFrame } from './page.js'
import { formatListingQuery, parseListingQuery, type ListingQuery } from './query.js'
import { readReadme } from './readme.js'
import type { ListingRow } from './row.js'
import { TYPE_AHEAD } from './type-ahead.js'
import type { ServerContext } from '../../server/context.js'

/** Rows per page. */
const PAGE_LENGTHS = { html: 1000, entries: 1000, json: 10_000 }

/** Bytes of memory for kept pages; each takes COST_OF_KEPT beside its bytes and its key. */
const MEMORY = 16 * 1024 * 1024
const COST_OF_KEPT = 300

const HEADERS = {
  html: pageHeaders(TYPE_AHEAD),
  json: { ...SAFE_HEADERS, 'Content-Type': 'application/json' },
}

/** Changes with the look of pages, so that ETags change, too. */
const LOOK = createHash('sha1').update(HEADERS.html['Content-Security-Policy']).digest('base64url')

export interface DirectoryPagesParts extends Pick<ServerContext, 'now' | 'onError'> {
  readonly mirror: Mirror
  readonly listings: Listings
  readonly planner: Planner
  readonly requesters: Requesters
  /** The options of the pages' header. */
  readonly options: HeaderOptions
  readonly swarms: Pick<FileSwarms, 'isUsed' | 'countsOf'>
}

interface Asked {
  readonly components: readonly string[]
  readonly query: ListingQuery
}

interface Wanted extends Asked {
  readonly listing: Listing
}

/** The pages of the mirror's directories, for people and for programs. */
export class DirectoryPages {
  /** Kept JSON pages, which are valid as long as their listings. */
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: MEMORY,
    sizeCalculation: (body, key) => COST_OF_KEPT + 2 * key.length + body.length,
  })

  readonly #empty: EmptyDirectories

  constructor(private readonly parts: DirectoryPagesParts) {
    this.#empty = new EmptyDirectories(parts.mirror, parts.now)
  }

  /**
   * Sends a page of a directory.
   * @throws Refusal
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    components: readonly string[],
  ): Promise<FastifyReply> {
    const { url = '', headers } = request.raw
    const way = wayToPlain(url, components)
    if (way !== null) return redirect(reply, way + queryOf(url))
    const requester = this.parts.requesters.of(request, reply)
    const query = parseListingQuery(url)
    const form = query.isJson || prefersJson(headers.accept) ? 'json' : 'html'
    const pending = await this.parts.listings.begin(components, requester)
    reply.headers({ 'Cache-Control': 'no-cache', Vary: 'Accept' })
    if (form === 'html' && canBeginEarly(request) && (await isLargeFirst(pending))) {
      const texts = this.#renderEarly({ components, query }, pending.listing, requester)
      return reply.headers(HEADERS.html).send(Readable.from(texts, { objectMode: false }))
    }
    const listing = await pending.listing
    const etag = `W/"${listing.parts.digest}-${form === 'json' ? form : this.#look()}${this.#minute()}"`
    reply.header('ETag', etag)
    if (endConditional(request, reply, { etag, lastModified: null })) return reply
    reply.headers(HEADERS[form])
    // The length is known only after the page is made
    if (request.method === 'HEAD') return reply.send()
    const wanted = { components, listing, query }
    return reply.send(await this.#render(form, wanted, requester))
  }

  /** Changes with all of an HTML page that is not of the directory. */
  #look(): string {
    return `${LOOK}${this.parts.options.warm ? '-feed' : ''}`
  }

  /** Changes each minute if pages show numbers of peers; empty if they do not. */
  #minute(): string {
    const { swarms, now } = this.parts
    return swarms.isUsed ? `-${Math.floor(now() / 60_000).toString(36)}` : ''
  }

  async #render(form: 'html' | 'json', wanted: Wanted, requester: Requester): Promise<Buffer> {
    const key = form === 'json' ? keyOf(wanted) + this.#minute() : null
    const before = key === null ? undefined : this.#kept.get(key)
    if (before) return before
    const body = await this.#renderBody(form, wanted, requester)
    if (key !== null) this.#kept.set(key, body)
    return body
  }

  /** Renders an HTML page whose beginning is sent before the directory has been read. */
  async *#renderEarly(
    asked: Asked,
    listing: Promise<Listing>,
    requester: Requester,
  ): AsyncGenerator<string | Buffer> {
    const { options, onError } = this.parts
    const hasTorrent = asked.components.length > 0
    const frame = renderListingFrame({ ...asked, options, isPart: true, hasTorrent })
    yield frame.start
    try {
      yield await this.#renderBody('entries', { ...asked, listing: await listing }, requester)
    } catch (error) {
      const { status, line } = errorResponse(error)
      if (status === 500) onError(error)
      yield html`<p role="alert">The entries could not be read: ${line}</p>`.text
    }
    yield frame.end
  }

  /** The counts of the files on a page, by name. */
  #swarmsOf(rows: readonly ListingRow[], components: readonly string[]): LinkContext['swarms'] {
    const { swarms } = this.parts
    const files = swarms.isUsed ? rows.filter(({ isDirectory }) => !isDirectory) : []
    const found = files.map((row) => {
      return [row.name, swarms.countsOf([...components, row.name], row)] as const
    })
    return new Map(found.flatMap(([name, counts]) => (counts ? [[name, counts]] : [])))
  }

  /** Redirects a request for a directory without its last slash to the directory's address. */
  redirect(
    { raw: { url = '' } }: FastifyRequest,
    reply: FastifyReply,
    components: readonly string[],
  ): FastifyReply {
    return redirect(reply, `./${encodeURIComponent(components.at(-1) ?? '')}/${queryOf(url)}`)
  }

  /** The bytes of a page, or only of its entries without the frame. */
  #renderBody(
    form: 'html' | 'json' | 'entries',
    wanted: Wanted,
    requester: Requester,
  ): Promise<Buffer> {
    const { planner, mirror, options } = this.parts
    const { client, signal, memory } = requester
    const { components, listing, query } = wanted
    const { readme: row, taken } = listing.parts
    return planner.run({ client, signal, memory, effort: listing.length }, async (budget) => {
      const pause = async () => {
        if (budget.isSliceOver) await budget.nextSlice()
      }
      const page = await listing.page(query, PAGE_LENGTHS[form], pause)
      const empty = await this.#empty.among(page.rows, components, budget)
      const links = { taken, empty, swarms: this.#swarmsOf(page.rows, components) }
      const view: ListingView = { ...wanted, page, links }
      const isFirst = page.page === 1 && query.filter === ''
      const readme =
        form !== 'json' && isFirst && row ? await readReadme(row, components, mirror) : null
      const isPart = page.pages > 1 || query.filter !== ''
      const hasTorrent = components.length > 0 && !isEmptyListing(listing, mirror)
      const frame =
        form === 'html'
          ? renderListingFrame({ components, query, options, isPart, hasTorrent })
          : { start: '', end: '' }
      const texts =
        form === 'json' ? jsonOfListing(view, pause) : renderEntries({ ...view, readme }, pause)
      const chunks: Buffer[] = []
      const add = (text: string) => {
        const chunk = Buffer.from(text)
        memory.take(chunk.length)
        chunks.push(chunk)
      }
      add(frame.start)
      for await (const text of texts) add(text)
      add(frame.end)
      return Buffer.concat(chunks)
    })
  }
}

/** Whether an answer may begin before everything is known. */
function canBeginEarly({ method, headers }: FastifyRequest): boolean {
  const isConditional = 'if-match' in headers || 'if-none-match' in headers
  return method === 'GET' && !isConditional
}

/** Whether a directory proves large before all of it has been read. */
function isLargeFirst({ listing, large }: PendingListing): Promise<boolean> {
  return Promise.race([listing.then(() => false), large.then(() => true)])
}

/** Distinguishes a page from all others and from its earlier states. */
function keyOf({ components, listing, query }: Wanted): string {
  return `${listing.parts.digest} ${formatListingQuery(query)} ${components.join('/')}`
}

/**
 * The relative path from an address with needless slashes to the one without; null if there are
 * none.
 */
function wayToPlain(url: string, components: readonly string[]): string | null {
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0] ?? ''
  const depth = path.split('/').length - 2
  if (depth === components.length || path === '') return null
  return '../'.repeat(depth) + components.map((name) => `${encodeURIComponent(name)}/`).join('')
}

function queryOf(url: string): string {
  return /\?.*$/s.exec(url)?.[0] ?? ''
}

/** Redirects to a relative address, which is right behind any proxy. */
function redirect(reply: FastifyReply, location: string): FastifyReply {
  reply.header('Location', location)
  sendLine(reply, 302, 'the directory has another address; follow the Location header')
  return reply
}
