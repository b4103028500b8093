import type { IncomingMessage } from 'node:http'
import { Gate } from '../../../server/admission/gate.js'
import { type Answer, fitted, metricsAnswer, OK } from '../../../server/headers/answer.js'
import { attachmentNamed } from '../../../server/headers/attachment.js'
import { errorAnswer, methodAnswer, NotReady, Refusal } from '../../../server/headers/refusal.js'
import { splitTarget } from '../../../server/headers/target.js'
import { clientKey } from '../../../server/connections/client-address.js'
import type { CountedResponse } from '../../../server/connections/counted-response.js'
import { turnOf } from '../../../server/connections/turns.js'
import type { ServerContext } from '../../../server/context.js'
import { isSecure } from '../../../server/listen/listen.js'
import { iconAnswer } from '../../../page-parts/layout.js'
import type { Site } from './site.js'

/** A request for a page. */
export interface PageRequest {
  /** The request as it came. */
  readonly raw: Pick<IncomingMessage, 'method' | 'url' | 'headers'>
  readonly path: string
  /** The part of the URL after the question mark. */
  readonly query: string
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** The announce URLs for this client. */
  readonly announceUrls: readonly string[]
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
}

/** A request for a page, and the pages that its client can reach. */
export interface SiteRequest extends PageRequest {
  readonly site: Site
}

/** How long pages and data may be kept. */
export const CACHED = 'max-age=10'

/** Refuses an address at which nothing is. */
export function nowhere(): Refusal {
  return new Refusal('not-found', 'not found')
}

/** Answers with a .torrent file, which browsers save under that name, as from bttrack. */
export function fileAnswer(bytes: Uint8Array, name: string): Answer {
  const headers = {
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': attachmentNamed(name),
    'Cache-Control': 'no-cache',
  }
  return { status: 200, headers, body: bytes }
}

/** The most pages that are rendered at once, that wait, and of one client. */
const LIMITS = { limit: 2, maxWaiting: 100, maxPerClient: 16 }

/** Renders two pages at a time in turns of clients, so that announces do not wait for pages. */
export class PageTurns {
  readonly #gate = new Gate(LIMITS)

  /**
   * Renders a page for a client in its turn.
   * @throws NotReady if too many wait
   */
  run(client: string | null, act: () => Answer | Promise<Answer>): Promise<Answer> {
    // All on a Unix socket are one client
    const key = client === null ? '' : clientKey(client)
    return this.#gate.run({ client: key }, async () => {
      await turnOf(key)
      return act()
    })
  }
}

interface PageRoutesParts extends Pick<ServerContext, 'onError'> {
  /** Answers a request for a page. */
  readonly pages: (request: PageRequest) => Promise<Answer>
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
  handle(request: IncomingMessage, response: CountedResponse): void {
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort(new NotReady('the client has gone', 1))
    })
    this.#answer(request, gone.signal)
      .catch((error: unknown) => {
        if (!(error instanceof Refusal)) this.parts.onError(error)
        return errorAnswer(error)
      })
      .then((answer) => fitted(request, answer))
      .then((answer) => {
        send(request, response, answer)
      }, this.parts.onError)
  }

  async #answer(raw: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const { method } = raw
    if (method !== 'GET' && method !== 'HEAD') return methodAnswer(method)
    const client = this.parts.addressOf(raw)
    if (!this.parts.permits(client))
      throw new Refusal('not-permitted', 'your address may not ask here')
    const [path, query] = splitTarget(raw.url ?? '')
    if (path === '/-/health' || path === '/-/ready') return OK
    if (path === '/-/metrics') return metricsAnswer(this.parts.describe())
    if (path === '/favicon.ico') return iconAnswer(this.parts.favicon)
    const announceUrls = this.#announceUrls(raw)
    return this.parts.pages({ raw, path, query, client, announceUrls, signal })
  }

  #announceUrls(request: IncomingMessage): string[] {
    const { host } = request.headers
    const { publicUrl, prefix } = this.parts
    if (publicUrl !== null) return [`${publicUrl}/announce`]
    const scheme = isSecure(request) ? 'https' : 'http'
    return host !== undefined && HOST.test(host) ? [`${scheme}://${host}${prefix}/announce`] : []
  }
}

function send({ method }: IncomingMessage, response: CountedResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers)
  response.end(method === 'HEAD' ? undefined : answer.body)
}
