import type { IncomingMessage, ServerResponse } from 'node:http'
import { isSecure } from '../../server/listen/listen.js'
import { ICON } from '../../server/pages/layout.js'
import { SAFE_HEADERS } from '../../server/pages/policy.js'
import { failed, lineAnswer, notFound, type PageAnswer } from './page-answer.js'
import type { PageRequest } from './pages.js'
import type { ServerContext } from '../../server/context.js'

interface PageRoutesParts extends Pick<ServerContext, 'onError'> {
  /** Answers a request for a page; null if its path is none. */
  readonly pages: (request: PageRequest) => Promise<PageAnswer | null>
  /** Bytes of /favicon.ico; null for the logo. */
  readonly favicon: Uint8Array | null
  /** Returns the tracker's metrics in Prometheus' text format. */
  readonly describe: () => string
  /** The URL at which clients reach the tracker; null to use the request's `Host`. */
  readonly publicUrl: string | null
  /** The path of the tracker there, without a slash at its end; '' for none. */
  readonly prefix: string
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
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request).then(
      (answer) => {
        send(request, response, answer)
      },
      (error: unknown) => {
        this.parts.onError(error)
        send(request, response, failed())
      },
    )
  }

  async #answer(request: IncomingMessage): Promise<PageAnswer> {
    const { method, url = '' } = request
    if (method !== 'GET' && method !== 'HEAD') {
      const { status, headers, body } = lineAnswer(405, 'only GET and HEAD are supported')
      return { status, headers: { ...headers, Allow: 'GET, HEAD' }, body }
    }
    const client = this.parts.addressOf(request)
    if (!this.parts.permits(client)) return lineAnswer(403, 'your address may not ask here')
    const [path = '', query = ''] = url.split(/\?(.*)/s, 2)
    const fixed = fixedAnswer(path, this.parts)
    if (fixed) return fixed
    const announceUrls = this.#announceUrls(request)
    const page = await this.parts.pages({ path, query, client, announceUrls })
    return page ?? notFound()
  }

  #announceUrls(request: IncomingMessage): string[] {
    const { host } = request.headers
    const { publicUrl, prefix } = this.parts
    if (publicUrl !== null) return [`${publicUrl}/announce`]
    const scheme = isSecure(request) ? 'https' : 'http'
    return host !== undefined && HOST.test(host) ? [`${scheme}://${host}${prefix}/announce`] : []
  }
}

function send({ method }: IncomingMessage, response: ServerResponse, answer: PageAnswer): void {
  // Bytes are shared with other clients of the same file
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length })
  response.end(method === 'HEAD' ? undefined : body)
}

/** Answers that need no work: health, metrics and the icon. */
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
