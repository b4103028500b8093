import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { prefersJson } from '../../web/accept.js'
import { pageHeaders, SAFE_HEADERS } from '../../web/page/policy.js'
import type { Clients } from '../admission/clients.js'
import type { Planner } from '../admission/planner.js'
import type { Mirror } from '../mirror/mirror.js'
import { endConditional } from '../web/conditional.js'
import { sendLine } from '../web/errors.js'
import type { Requester, Requesters } from '../web/requester.js'
import { jsonOfListing, type ListingView } from './json.js'
import type { Listing } from './listing.js'
import type { Listings } from './listings.js'
import { renderListing } from './page.js'
import { formatListingQuery, parseListingQuery, type ListingQuery } from './query.js'
import { readReadme } from './readme.js'
import { TYPE_AHEAD } from './type-ahead.js'

/** Rows on one page. */
const PAGE_LENGTHS = { html: 1000, json: 10_000 }

/** Entries from which on a page is so much work that a client may not ask for any number of them. */
const LARGE = 10_000

/** Memory for pages that are kept, and what one takes beside its bytes and its key, in bytes. */
const MEMORY = 16 * 1024 * 1024
const COST_OF_KEPT = 300

const HEADERS = {
  html: pageHeaders(TYPE_AHEAD),
  json: { ...SAFE_HEADERS, 'Content-Type': 'application/json' },
}

/** What tells pages of other looks from these. */
const LOOK = createHash('sha1').update(HEADERS.html['Content-Security-Policy']).digest('base64url')

export interface DirectoryPagesParts {
  readonly mirror: Mirror
  readonly listings: Listings
  readonly planner: Planner
  readonly clients: Clients
  readonly requesters: Requesters
  /** Whether there is a feed of new torrents to tell of. */
  readonly hasFeed: boolean
}

interface Wanted {
  readonly components: readonly string[]
  readonly listing: Listing
  readonly query: ListingQuery
  readonly form: 'html' | 'json'
}

/** The pages of the mirror's directories, for people and for programs. */
export class DirectoryPages {
  readonly #parts: DirectoryPagesParts
  /** Those for programs, which are the same as long as their listings are. */
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: MEMORY,
    sizeCalculation: (body, key) => COST_OF_KEPT + 2 * key.length + body.length,
  })

  constructor(parts: DirectoryPagesParts) {
    this.#parts = parts
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
    const requester = this.#parts.requesters.of(request, reply)
    requester.onGone(this.#parts.clients.begin(requester.client, false))
    const query = parseListingQuery(url)
    const form = query.isJson || prefersJson(headers.accept) ? 'json' : 'html'
    const listing = await this.#parts.listings.of(components, requester)
    const etag = `W/"${listing.parts.digest}-${form === 'json' ? form : LOOK}${this.#parts.hasFeed ? '-feed' : ''}"`
    reply.headers({ ETag: etag, 'Cache-Control': 'no-cache', Vary: 'Accept' })
    if (endConditional(request, reply, { etag, lastModified: null })) return reply
    reply.headers(HEADERS[form])
    // How long the page is, only who makes it knows
    if (request.method === 'HEAD') return reply.send()
    const wanted = { components, listing, query, form } as const
    const key = form === 'json' ? keyOf(wanted) : null
    const before = key === null ? undefined : this.#kept.get(key)
    if (before) return reply.send(before)
    if (listing.length > LARGE) {
      requester.onGone(this.#parts.clients.begin(requester.client, true))
    }
    const body = await this.#render(wanted, requester)
    if (key !== null) this.#kept.set(key, body)
    return reply.send(body)
  }

  /** Sends who asks for a directory as if it were a file to its address. */
  redirect(
    { raw: { url = '' } }: FastifyRequest,
    reply: FastifyReply,
    components: readonly string[],
  ): FastifyReply {
    return redirect(reply, `./${encodeURIComponent(components.at(-1) ?? '')}/${queryOf(url)}`)
  }

  #render({ form, ...wanted }: Wanted, requester: Requester): Promise<Buffer> {
    const { planner, mirror, hasFeed } = this.#parts
    const { client, signal, memory } = requester
    const { components, listing, query } = wanted
    const { readme: row } = listing.parts
    return planner.run({ client, signal, memory, effort: listing.length }, async (budget) => {
      const pause = async () => {
        if (budget.isSliceOver) await budget.nextSlice()
      }
      const page = await listing.page(query, PAGE_LENGTHS[form], pause)
      const view: ListingView = { ...wanted, page }
      const isFirst = page.page === 1 && query.filter === ''
      const readme = isFirst && row ? await readReadme(row, components, mirror) : null
      const texts =
        form === 'json'
          ? jsonOfListing(view, pause)
          : renderListing({ ...view, readme, hasFeed }, pause)
      const chunks: Buffer[] = []
      for await (const text of texts) {
        const chunk = Buffer.from(text)
        memory.take(chunk.length)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks)
    })
  }
}

/** What tells a page from all others, and from what it was before. */
function keyOf({ components, listing, query }: Wanted): string {
  return `${listing.parts.digest} ${formatListingQuery(query)} ${components.join('/')}`
}

/**
 * The way from an address whose path has needless slashes to the one that has none; null when this
 * has none.
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

/** The address is relative, so that it is right whatever stands before the mirror. */
function redirect(reply: FastifyReply, location: string): FastifyReply {
  reply.header('Location', location)
  sendLine(reply, 302, 'the directory is elsewhere')
  return reply
}
