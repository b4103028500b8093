import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { prefersHtml } from '../../../server/headers/accept.js'
import { attachmentNamed } from '../../../server/headers/attachment.js'
import { packedFor, varyByEncoding } from '../../../server/headers/gzip.js'
import { checkConditions, etagOf } from '../../../server/headers/conditional.js'
import { errorResponse, NotReady } from '../../../server/headers/refusal.js'
import { splitTarget } from '../../../server/headers/target.js'
import { clientKey } from '../../../server/connections/client-address.js'
import { Shares } from '../../../server/connections/connection-limits.js'
import type { CountedResponse } from '../../../server/connections/counted-response.js'
import { refuseUnread } from '../../../server/connections/refuse-connection.js'
import { webSocketUrl } from '../../../metainfo/trackers.js'
import type { ServerContext } from '../../../server/context.js'
import { isSecure } from '../../../server/listen/listen.js'
import { renderErrorPage } from '../../../page-parts/error-page.js'
import { ICON } from '../../../page-parts/layout.js'
import * as texts from '../../../browser/texts.js'
import { PAGE_HEADERS, PAGE_SCRIPT } from '../../../page-parts/page-script.js'
import { InlineStyle, pageHeaders, SAFE_HEADERS } from '../../../page-parts/policy.js'
import { NO_LINK, QR_HEADERS, QR_PATH, qrCode, scannedLink } from '../../../page-parts/qr-code.js'
import { clipText, escapeText, jsonLine } from '../../../base/text/escape.js'
import { siteHead, siteLinks, type Site } from './site.js'

/** A request for a page. */
export interface PageRequest {
  readonly path: string
  /** The part of the URL after the question mark. */
  readonly query: string
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** The announce URLs for this client. */
  readonly announceUrls: readonly string[]
  /** Whether the client is a browser, which gets errors as pages. */
  readonly isBrowser: boolean
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
}

/** A request for a page, and the pages that its client can reach. */
export interface SiteRequest extends PageRequest {
  readonly site: Site
}

/** The answer to a request for a page. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** The path of the icon for the browser's tab. */
export const ICON_PATH = 'favicon.ico'

const CACHED = { 'Cache-Control': 'max-age=10' }

/** The style of the tracker's pages. */
export const TRACKER_STYLE = new InlineStyle(texts.TRACKER_STYLE)

const HEADERS = { ...pageHeaders(PAGE_SCRIPT, TRACKER_STYLE), ...CACHED }

/** Answers with a page, whose style is that of the tracker. */
export function pageAnswer(page: string): PageAnswer {
  return { status: 200, headers: HEADERS, body: page }
}

export function jsonAnswer(value: unknown): PageAnswer {
  const headers = {
    ...SAFE_HEADERS,
    'Content-Type': 'application/json',
    ...CACHED,
  }
  return { status: 200, headers, body: jsonLine(value) }
}

/** Answers with a .torrent file, which browsers save under that name, as from bttrack. */
export function fileAnswer(bytes: Uint8Array, name: string): PageAnswer {
  const headers = {
    ...SAFE_HEADERS,
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': attachmentNamed(name),
    'Cache-Control': 'no-cache',
  }
  return { status: 200, headers, body: bytes }
}

export function redirect(location: string): PageAnswer {
  return {
    ...lineAnswer(302, 'the page has moved'),
    headers: { ...SAFE_HEADERS, Location: location },
  }
}

export function notFound(): PageAnswer {
  return lineAnswer(404, NOT_FOUND)
}

const NOT_FOUND = 'not found'

/**
 * Answers that nothing is at an address. If the tracker has pages, a browser gets one with ways on.
 */
export function answerUnknown(hasPages: boolean, request: SiteRequest): PageAnswer {
  const { path, isBrowser, site } = request
  const isPage = hasPages && isBrowser
  const line = notFound()
  const headers = { ...(isPage ? PAGE_HEADERS : line.headers), Vary: 'Accept' }
  if (!isPage) return { ...line, headers }
  const root = '../'.repeat(Math.max(0, path.split('/').length - 2))
  const parts = {
    line: `${clipText(escapeText(path), 200)}: ${NOT_FOUND}`,
    site,
    header: siteHead(site, root, null),
    links: siteLinks(site, root),
    icon: root + ICON_PATH,
  }
  return { status: 404, headers, body: renderErrorPage(parts) }
}

/** Answers with the QR code of a link, in the turn of the client; null for another address. */
export function qrAnswer(
  { path, query, client }: PageRequest,
  turns: PageTurns,
): Promise<PageAnswer> | null {
  if (path !== `/${QR_PATH}`) return null
  const link = scannedLink(query)
  if (link === null) return Promise.resolve(lineAnswer(400, NO_LINK))
  return turns.run(client, () => ({ status: 200, headers: QR_HEADERS, body: qrCode(link) }))
}

/** Answers that something is not ready. */
export function notNow(error: NotReady): PageAnswer {
  const { status, line } = errorResponse(error)
  const { headers, ...answer } = lineAnswer(status, line)
  return { ...answer, headers: { ...headers, 'Retry-After': String(error.retryAfter) } }
}

/** Answers with one line of plain text. */
function lineAnswer(status: number, line: string): PageAnswer {
  const headers = { ...SAFE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }
  return { status, headers, body: `${line}\n` }
}

/** Pages that are rendered at once. */
const AT_ONCE = 2

/** The most pages that are rendered or wait, in all and for one client. */
const PLACES = { all: 100, perClient: 16, perNetwork: 32 }

/**
 * Renders two pages at a time, so that announces do not wait for pages. Refuses more than some in
 * all or of one client, which p-limit would let wait.
 */
export class PageTurns {
  readonly #limit = pLimit(AT_ONCE)
  readonly #places = new Shares(PLACES)

  /** Renders a page for a client in its turn. The answer is 503 if too many wait. */
  async run(
    client: string | null,
    act: () => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    // All on a Unix socket are one client
    const key = client === null ? '' : clientKey(client)
    if (!this.#places.take(key))
      return notNow(new NotReady('too many requests; try again in 1 s', 1))
    try {
      return await this.#limit(async () => {
        // Announces that came meanwhile are first
        await setImmediate()
        return act()
      })
    } finally {
      this.#places.give(key)
    }
  }
}

interface PageRoutesParts extends Pick<ServerContext, 'onError'> {
  /** Answers a request for a page. */
  readonly pages: (request: PageRequest) => Promise<PageAnswer>
  /** Bytes of /favicon.ico; null for the logo. */
  readonly favicon: Uint8Array | null
  /** Returns the tracker's metrics in Prometheus' text format. */
  readonly describe: () => string
  /** The URL at which clients reach the tracker; null to use the request's `Host`. */
  readonly publicUrl: string | null
  /** The path of the tracker there, without a slash at its end; '' for none. */
  readonly prefix: string
  /** Whether it is a tracker over WebSocket, too. */
  readonly webTorrent: boolean
  /** The address of a request's client; null on a Unix socket. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Whether a client may ask at all. */
  readonly permits: (address: string | null) => boolean
}

/** A valid host with an optional port. */
const HOST = /^(?:[a-z0-9_.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/** Answers all requests that are neither announces nor scrapes. */
export class PageRoutes {
  constructor(private readonly parts: PageRoutesParts) {}

  /** Answers a request, possibly later, when its page is ready. */
  handle(request: IncomingMessage, response: CountedResponse): void {
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort(new NotReady('the client has gone', 1))
    })
    this.#answer(request, gone.signal)
      .then((answer) => encoded(request, answer))
      .then(
        (answer) => {
          send(request, response, answer)
        },
        (error: unknown) => {
          this.parts.onError(error)
          send(request, response, lineAnswer(500, 'internal error'))
        },
      )
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<PageAnswer> {
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD') {
      const { status, headers, body } = lineAnswer(405, 'only GET and HEAD are supported')
      return { status, headers: { ...headers, Allow: 'GET, HEAD' }, body }
    }
    const client = this.parts.addressOf(request)
    if (!this.parts.permits(client)) return lineAnswer(403, 'your address may not ask here')
    const [path, query] = splitTarget(request.url ?? '')
    const fixed = fixedAnswer(path, this.parts)
    if (fixed) return fixed
    const http = this.#announceUrls(request)
    const announceUrls = this.parts.webTorrent ? [...http, ...http.map(webSocketUrl)] : http
    const isBrowser = prefersHtml(request.headers.accept)
    return this.parts.pages({ path, query, client, announceUrls, isBrowser, signal })
  }

  #announceUrls(request: IncomingMessage): string[] {
    const { host } = request.headers
    const { publicUrl, prefix } = this.parts
    if (publicUrl !== null) return [`${publicUrl}/announce`]
    const scheme = isSecure(request) ? 'https' : 'http'
    return host !== undefined && HOST.test(host) ? [`${scheme}://${host}${prefix}/announce`] : []
  }
}

/**
 * Compresses pages, JSON and feeds for clients that accept it. A feed that a reader has is not sent
 * again.
 */
async function encoded({ headers }: IncomingMessage, answer: PageAnswer): Promise<PageAnswer> {
  // Bytes are a file's
  if (typeof answer.body !== 'string') return answer
  const page = Buffer.from(answer.body)
  const lastModified = answer.headers['Last-Modified'] ?? null
  // The same for both encodings
  const ETag = `W/${etagOf(page)}`
  const verdict =
    lastModified === null ? 'met' : checkConditions(headers, { etag: ETag, lastModified })
  const tagged = { ...answer.headers, ...(lastModified !== null && { ETag }) }
  if (verdict === 'unmodified') return { status: 304, headers: tagged, body: '' }
  const packed = await packedFor(headers, page)
  const encoding = packed && { 'Content-Encoding': 'gzip' }
  const all = { ...tagged, Vary: varyByEncoding(answer.headers['Vary']), ...encoding }
  return { ...answer, headers: all, body: packed ?? page }
}

function send({ method }: IncomingMessage, response: CountedResponse, answer: PageAnswer): void {
  // Bytes are shared with other clients of the same file
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const length = answer.status !== 304 && { 'Content-Length': body.length }
  const headers = { ...answer.headers, ...length }
  if (response.isCrowded) refuseUnread(response)
  else response.writeHead(answer.status, headers).end(method === 'HEAD' ? undefined : body)
}

/** Answers that need no look at torrents: health, metrics and the icon. */
function fixedAnswer(path: string, { favicon, describe }: PageRoutesParts): PageAnswer | null {
  if (path === '/-/health' || path === '/-/ready') return uncached(lineAnswer(200, 'ok'))
  if (path === '/-/metrics') {
    const type = { 'Content-Type': 'text/plain; version=0.0.4' }
    return uncached({ status: 200, headers: type, body: describe() })
  }
  if (path !== '/favicon.ico') return null
  const type = favicon ? 'image/x-icon' : 'image/svg+xml'
  const headers = { 'Content-Type': type, 'Cache-Control': 'max-age=86400' }
  return { status: 200, headers: { ...SAFE_HEADERS, ...headers }, body: favicon ?? ICON }
}

function uncached(answer: PageAnswer): PageAnswer {
  return { ...answer, headers: { ...answer.headers, 'Cache-Control': 'no-store' } }
}
