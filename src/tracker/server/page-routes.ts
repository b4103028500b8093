import type { IncomingMessage, ServerResponse } from 'node:http'
import { isSecure } from '../../web/make-server.js'
import { lineAnswer, notFound, type PageAnswer } from '../page/page-answer.js'
import type { Pages } from '../page/pages.js'

export interface PageRoutesParts {
  readonly pages: Pages
  /** What browsers show; null for nothing. */
  readonly favicon: Uint8Array | null
  /** The tracker's figures, in Prometheus' text format. */
  readonly describe: () => string
  /** Under which address clients reach the tracker; null: what they ask for. */
  readonly publicUrl: string | null
  /** Whether a client may ask at all. */
  readonly permits: (request: IncomingMessage) => boolean
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
}

/** A host as it may stand in an address, and perhaps a port. */
const HOST = /^(?:[a-z0-9_.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/** Answers all that is neither an announce nor a scrape. */
export class PageRoutes {
  readonly #parts: PageRoutesParts

  constructor(parts: PageRoutesParts) {
    this.#parts = parts
  }

  /** Answers a request, now or when its page is made. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request).then(
      (answer) => {
        send(request, response, answer)
      },
      (error: unknown) => {
        this.#parts.onError(error)
        send(request, response, lineAnswer(500, 'the tracker failed'))
      },
    )
  }

  async #answer(request: IncomingMessage): Promise<PageAnswer> {
    const { method, url = '' } = request
    if (method !== 'GET' && method !== 'HEAD') {
      const { status, headers, body } = lineAnswer(405, 'GET and HEAD alone are understood')
      return { status, headers: { ...headers, Allow: 'GET, HEAD' }, body }
    }
    if (!this.#parts.permits(request)) return lineAnswer(403, 'your address may not ask here')
    const [path = '', query = ''] = url.split(/\?(.*)/s, 2)
    const fixed = this.#fixed(path)
    if (fixed) return fixed
    const announceUrls = this.#announceUrls(request)
    return (await this.#parts.pages.answer({ path, query, announceUrls })) ?? notFound()
  }

  /** What is answered without any work. */
  #fixed(path: string): PageAnswer | null {
    const { favicon, describe } = this.#parts
    if (path === '/-/health' || path === '/-/ready') return uncached(lineAnswer(200, 'ok'))
    if (path === '/-/metrics') {
      const type = { 'Content-Type': 'text/plain; version=0.0.4' }
      return uncached({ status: 200, headers: type, body: describe() })
    }
    if (path !== '/favicon.ico') return null
    if (!favicon) return notFound()
    const headers = { 'Content-Type': 'image/x-icon', 'Cache-Control': 'max-age=86400' }
    return { status: 200, headers, body: favicon }
  }

  #announceUrls(request: IncomingMessage): string[] {
    const { host } = request.headers
    const { publicUrl } = this.#parts
    if (publicUrl !== null) return [`${publicUrl}/announce`]
    const scheme = isSecure(request) ? 'https' : 'http'
    return host !== undefined && HOST.test(host) ? [`${scheme}://${host}/announce`] : []
  }
}

function uncached(answer: PageAnswer): PageAnswer {
  return { ...answer, headers: { ...answer.headers, 'Cache-Control': 'no-store' } }
}

function send({ method }: IncomingMessage, response: ServerResponse, answer: PageAnswer): void {
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length })
  response.end(method === 'HEAD' ? undefined : body)
}
