import { setMaxListeners } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { pipeline, type Duplex, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { monotonicNow } from '../../base/process.js'
import { loginIn, openRequest } from './http-connection.js'
import { quoteText } from '../../base/text/escape.js'
import { AnswerFault, guardWay, RedirectFault } from './redirect-guard.js'

/** A request over HTTP. */
export interface HttpRequest {
  /** Asks for the headers only. */
  readonly isHead?: boolean
  /** Makes it a POST. */
  readonly body?: string | Uint8Array | undefined
  /** Whether a POST only reads, so that it may be sent again. */
  readonly isRead?: boolean | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the origin of the URL only, not to those that it redirects to. */
  readonly originHeaders?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Most redirects that are followed; by default none, and the redirect is the answer. */
  readonly redirects?: number
  /**
   * Whether redirects from TLS to none are refused, and all ways from the internet into a private
   * network, because a stranger could have internal services read. A name that had an address of
   * the internet before is such a way, too. By default all are followed.
   */
  readonly isGuarded?: boolean
  /**
   * Whether the answer may take any time as long as it comes: its headers within `HEADERS_MS`, and
   * then `PROGRESS` bytes in each `IDLE_MS` that the caller waits for them. By default only
   * `signal` ends it.
   */
  readonly isContent?: boolean
  /** The address family to connect with; both by default. */
  readonly family?: 4 | 6 | undefined
  /** Whether the proxies of the environment are ignored. */
  readonly isDirect?: boolean
}

/** The headers of an answer. Node's own class takes as long to load as a command. */
export type ReceivedHeaders = Pick<Headers, 'get' | 'getSetCookie'>

/** The answer to a request. The caller reads the body to its end, or calls `end`. */
export interface HttpResponse {
  readonly status: number
  /** Where it was found, after redirects. */
  readonly url: string
  readonly headers: ReceivedHeaders
  /** The body, unpacked if it is packed with gzip. */
  readonly body: AsyncIterable<Uint8Array>
  readonly end: () => void
}

/** How bytes are asked for that strangers may have chosen: as many redirects as browsers follow. */
export const GUARDED = { redirects: 20, isGuarded: true } as const

const REDIRECTS = [301, 302, 303, 307, 308]

export const HEADERS_MS = 30_000
export const IDLE_MS = 60_000

/** Fewest bytes that count as progress: a connection that brings less has failed. */
export const PROGRESS = 64 * 1024

/**
 * Sends a request to any port, unlike fetch, which refuses those that browsers block. A user and
 * password in the URL are sent as Basic authorization, but to no other origin. Hosts other than
 * this machine are asked through the proxies of `http_proxy`, `https_proxy` and `no_proxy`.
 * @throws RedirectFault, and errors that `describeFailure` describes
 */
export async function requestHttp(url: string, request: HttpRequest): Promise<HttpResponse> {
  const { redirects = 0, isGuarded = false } = request
  const first = new URL(url)
  let address = first
  let isPublic = false
  for (let left = redirects; ; left--) {
    const headers = headersFor(address, first, request)
    const response = await send(address, { ...request, headers })
    const location = response.headers.get('location')
    const isRedirect = redirects > 0 && REDIRECTS.includes(response.status)
    if (!isRedirect || location === null) return response
    response.end()
    if (left === 0) throw new RedirectFault(`redirects more than ${redirects} times`)
    if (!URL.canParse(location, address.href)) throw new RedirectFault('redirects to no address')
    const next = new URL(location, address)
    if (!/^https?:$/.test(next.protocol))
      throw new RedirectFault('redirects to an address that is not HTTP')
    if (isGuarded) isPublic = await guardWay(address, next, { wasPublic: isPublic })
    address = next
  }
}

/** All headers of a request to an address, which began at the first one. */
export function headersFor(
  address: URL,
  first: URL,
  { headers, originHeaders }: Pick<HttpRequest, 'headers' | 'originHeaders'>,
): Readonly<Record<string, string>> {
  const own = { ...loginIn(first, 'authorization'), ...originHeaders }
  const isOwn = address.origin === first.origin
  return { 'user-agent': 'btkit', accept: '*/*', ...headers, ...(isOwn ? own : {}) }
}

/** For an error that may come when nobody reads. */
const IGNORE = () => undefined

const CLOSED = new Set<unknown>(['ECONNRESET', 'EPIPE'])

/**
 * Connections of earlier requests. Node does not say that of a request that waited for one of
 * them.
 */
const used = new WeakSet<Duplex>()

async function send(
  address: URL,
  {
    isHead,
    body,
    isRead = body === undefined,
    headers = {},
    signal,
    isContent,
    ...how
  }: HttpRequest,
): Promise<HttpResponse> {
  const { family = 0 as const, isDirect = false, isGuarded = false } = how
  const way = { family, isDirect, isGuarded }
  const method = isHead ? 'HEAD' : body === undefined ? 'GET' : 'POST'
  signal.throwIfAborted()
  // Of a signal that many requests share, Node would warn
  setMaxListeners(0, signal)
  const ask = async (isFresh = false): Promise<IncomingMessage> => {
    const request = await openRequest(address, { ...way, isFresh }, { method, headers, signal })
    let isKept = false
    request.once('socket', (socket) => {
      isKept = used.has(socket)
      used.add(socket)
    })
    return answerTo(request.end(body), isContent).catch((error: unknown) => {
      const isBroken =
        error instanceof AnswerFault || CLOSED.has((error as NodeJS.ErrnoException).code)
      // A server may close a kept connection just when a request comes (RFC 9112, section 9.3.1),
      // or say more on it
      if (isBroken && isKept && isRead) return ask(true)
      throw error
    })
  }
  const answer = await ask()
  const end = () => {
    // To end a body ends its connection, and that of HEAD is empty
    if (isHead) answer.resume()
    else answer.destroy()
  }
  const { headersDistinct, statusCode: status = 0 } = answer
  const valuesOf = (name: string) => headersDistinct[name.toLowerCase()] ?? []
  const received: ReceivedHeaders = {
    get: (name) => (valuesOf(name).length > 0 ? valuesOf(name).join(', ').trim() : null),
    getSetCookie: () => valuesOf('set-cookie'),
  }
  const fault = faultOf(status, received)
  if (fault !== null) {
    answer.destroy()
    throw new AnswerFault(fault)
  }
  // Some servers pack a body without being asked to
  const isPacked = !isHead && /^(x-)?gzip$/i.test(received.get('content-encoding') ?? '')
  const unpacked = isPacked ? pipeline(answer, createGunzip(), IGNORE).on('error', IGNORE) : answer
  const whole = isContent ? withProgress(unpacked) : unpacked
  return { status, url: address.href, headers: received, body: whole, end }
}

/** Why nothing of an answer counts; null if nothing is wrong. */
function faultOf(status: number, headers: ReceivedHeaders): string | null {
  if (status === 407) return 'the proxy answers with status 407'
  const coding = headers.get('transfer-encoding') ?? 'chunked'
  if (/^chunked$/i.test(coding)) return null
  return `the answer has Transfer-Encoding ${quoteText(coding)}, for which nobody asked`
}

function answerTo(request: ClientRequest, isContent = false): Promise<IncomingMessage> {
  const late = () => request.destroy(new Error(`no answer within ${HEADERS_MS / 1000} seconds`))
  const timer = isContent ? setTimeout(late, HEADERS_MS) : undefined
  return new Promise<IncomingMessage>((resolve, reject) => {
    let fail: (error: Error) => unknown = reject
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isOther = /^HPE_(?!INVALID_EOF_STATE)/.test(error.code ?? '')
      // The error of a proxy has its name
      fail(isOther ? Object.assign(new AnswerFault('the answer is not HTTP'), { ...error }) : error)
    })
    request.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new AnswerFault('the server answers what nobody asked, as 101 does'))
    })
    request.once('response', (answer) => {
      // What follows a whole answer does not count
      fail = (error) => answer.complete || answer.destroy(error)
      resolve(answer.on('error', IGNORE))
    })
  }).finally(() => {
    clearTimeout(timer)
  })
}

/**
 * Yields the bytes of an answer, and fails if less than `PROGRESS` comes in `IDLE_MS` of waiting.
 */
async function* withProgress(body: Readable): AsyncGenerator<Uint8Array> {
  const least = `less than ${PROGRESS / 1024} KiB within ${IDLE_MS / 1000} seconds`
  const tooSlow = () => body.destroy(new Error(`the answer does not end: ${least}`))
  let [left, bytes, since] = [IDLE_MS, 0, monotonicNow()]
  let timer = setTimeout(tooSlow, left)
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer)
      bytes += chunk.length
      left -= monotonicNow() - since
      if (bytes >= PROGRESS) [left, bytes] = [IDLE_MS, 0]
      yield chunk
      since = monotonicNow()
      timer = setTimeout(tooSlow, left)
    }
  } finally {
    clearTimeout(timer)
  }
}
