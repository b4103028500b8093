import { decodePercent } from '../../base/percent.js'
import { lookup } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type * as Packaged from 'undici'
import { isLoopback, Reach, reachOf } from './address-reach.js'
import { monotonicNow } from '../../base/process.js'

/** A request over HTTP. */
export interface HttpRequest {
  /** Asks for the headers only. */
  readonly isHead?: boolean
  /** Makes it a POST. */
  readonly body?: string | Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the origin of the URL only, not to those that it redirects to. */
  readonly originHeaders?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Most redirects that are followed; by default none, and the redirect is the answer. */
  readonly redirects?: number
  /**
   * Whether redirects from TLS to none are refused, and all ways from the internet into a private network,
   * because a stranger could have internal services read. A name that had an address of the internet before
   * is such a way, too. By default all are followed.
   */
  readonly isGuarded?: boolean
  /**
   * Whether the answer may take any time as long as it comes: its headers within `HEADERS_MS`, and then
   * `PROGRESS` bytes in each `IDLE_MS` that the caller waits for them. By default only `signal` ends it.
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

/** An answer that the server would give again. */
export class AnswerFault extends Error {}

/** A redirect that is not followed. */
export class RedirectFault extends AnswerFault {}

/** How bytes are asked for that strangers may have chosen: as many redirects as browsers follow. */
export const GUARDED = { redirects: 20, isGuarded: true } as const

const REDIRECTS = [301, 302, 303, 307, 308]

/** Milliseconds until a connection is given up. */
const CONNECT_TIMEOUT = 10_000

export const HEADERS_MS = 30_000
export const IDLE_MS = 60_000

/** Fewest bytes that count as progress: a connection that brings less has failed. */
export const PROGRESS = 64 * 1024

/**
 * Sends a request to any port, unlike fetch, which refuses those that browsers block. A user and
 * password in the URL are sent as Basic authorization, but to no other origin. Hosts other than this
 * machine are asked through the proxies of `http_proxy`, `https_proxy` and `no_proxy`.
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
    if (isGuarded && address.protocol === 'https:' && next.protocol === 'http:')
      throw new RedirectFault('redirects to an address without TLS')
    isPublic ||= isGuarded && (await addressesOf(address)).isPublic
    if (isPublic && (await addressesOf(next)).hasOthers) throw new RedirectFault(INTO_PRIVATE)
    if (isPublic) publicHosts.add(next.hostname)
    address = next
  }
}

/** All headers of a request to an address, which began at the first one. */
export function headersFor(
  address: URL,
  { username, password, origin }: URL,
  { headers, originHeaders }: Pick<HttpRequest, 'headers' | 'originHeaders'>,
): Readonly<Record<string, string>> {
  const login = `${decodePercent(username, username)}:${decodePercent(password, password)}`
  const basic = { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  const own = { ...(username + password !== '' && basic), ...originHeaders }
  const isOwn = address.origin === origin
  return { 'user-agent': 'btkit', accept: '*/*', ...headers, ...(isOwn ? own : {}) }
}

const INTO_PRIVATE = 'redirects into a private network'
const NOW_PRIVATE = 'its host was in the internet, and is in a private network now'

/** Hosts that are in the internet: they had such an address before, or a redirect leads from there to them. */
const publicHosts = new Set<string>()

/** Finds the addresses of a host that are of the internet, and others. */
async function addressesOf({ hostname }: URL) {
  const host = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host) ? [{ address: host }] : await lookUp(host, { all: true }).catch(() => [])
  const others = found.filter((each) => !isPublicAddress(each))
  // A host that only a proxy can look up is asked through that
  const isPublic = found.length === 0 || others.length < found.length
  return { isPublic: isPublic || publicHosts.has(hostname), hasOthers: others.length > 0 }
}

const isPublicAddress = ({ address }: { readonly address: string }) => {
  return reachOf(address) === Reach.all
}

type Undici = typeof Packaged

/** Loaded with the first request, because it takes as long as the start of a command. */
let undici: Undici | null = null

async function send(
  address: URL,
  { isHead, body, headers, signal, family, isContent, ...how }: HttpRequest,
): Promise<HttpResponse> {
  undici ??= await import('undici')
  const isDirect = how.isDirect || isLoopback(address.hostname)
  const late = new AbortController()
  // The stack of an error takes longer than the rest of a request
  const stop = () => {
    late.abort(new Error(`no answer within ${HEADERS_MS / 1000} seconds`))
  }
  const timer = isContent ? setTimeout(stop, HEADERS_MS) : undefined
  const packaged = undici
  const way = { family: family ?? 0, isDirect, isGuarded: how.isGuarded === true } as const
  const options = {
    method: isHead ? 'HEAD' : body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body }),
    headers: headers ?? {},
    signal: isContent ? AbortSignal.any([signal, late.signal]) : signal,
    // undici would close the connection after HEAD, for servers that answer that with a body
    reset: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  } as const
  const place = { origin: address.origin, path: `${address.pathname}${address.search}` }
  const ask = (isNew: boolean) => {
    const dispatcher = dispatcherOf(packaged, { ...way, isNew })
    return dispatcher.request({ ...options, ...place }).catch(explain)
  }
  const answer = await ask(false)
    .catch((error: unknown) => {
      if (body === undefined && isClosedUnasked(error)) return ask(true)
      throw error
    })
    .finally(() => {
      clearTimeout(timer)
    })
  // An error may come when nobody reads.
  answer.body.on('error', () => undefined)
  const end = () => {
    // To end a body ends its connection, and that of HEAD is empty
    if (isHead) answer.body.resume()
    else answer.body.destroy()
  }
  const valuesOf = (name: string) => [answer.headers[name.toLowerCase()] ?? []].flat()
  const received: ReceivedHeaders = {
    get: (name) => (valuesOf(name).length > 0 ? valuesOf(name).join(', ').trim() : null),
    getSetCookie: () => valuesOf('set-cookie'),
  }
  // Some servers pack a body without being asked to
  const isPacked = /^(x-)?gzip$/i.test(received.get('content-encoding') ?? '')
  const unpacked = isPacked ? pipeline(answer.body, createGunzip(), () => undefined) : answer.body
  const whole = isContent ? withProgress(unpacked) : unpacked
  return { status: answer.statusCode, url: address.href, headers: received, body: whole, end }
}

/**
 * Whether a server closed a connection that it had answered on before, just when the next request came: that one
 * may be sent again (RFC 9112, section 9.3.1).
 */
function isClosedUnasked(error: unknown): boolean {
  const { code, socket } = error as { code?: string; socket?: { bytesRead: number } }
  return code === 'UND_ERR_SOCKET'
    ? (socket?.bytesRead ?? 0) > 0
    : /^(ECONNRESET|EPIPE)$/.test(code ?? '')
}

/** undici's words for an answer without a request, which is no connection that broke. */
function explain(error: unknown): never {
  const isUnasked = error instanceof Error && /^bad (response|upgrade)$/.test(error.message)
  if (isUnasked) throw new AnswerFault('the server answers what nobody asked, as 100 Continue does')
  throw error
}

/** Yields the bytes of an answer, and fails if less than `PROGRESS` comes in `IDLE_MS` of waiting. */
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

/** How a request is sent. */
interface Way {
  readonly family: 0 | 4 | 6
  readonly isDirect: boolean
  readonly isGuarded: boolean
  /** Whether it has a connection of its own. */
  readonly isNew: boolean
}

/** Most connections to a host of content: others, such as trackers, are asked at the same time. */
export const CONNECTIONS_TO_HOST = 16

/** Kept connections by the way of their requests. */
const dispatchers = new Map<string, Dispatcher>()

function dispatcherOf({ Agent, EnvHttpProxyAgent }: Undici, way: Way): Dispatcher {
  const { isDirect, isGuarded, isNew } = way
  const key = Object.values(way).join()
  const known = dispatchers.get(key)
  if (known) return known
  // For hosts that are asked without a proxy
  const connect = { timeout: CONNECT_TIMEOUT, lookup: lookupOf(way) }
  const connections = isGuarded ? CONNECTIONS_TO_HOST : null
  const kept = { connect, connections, ...(isNew && { pipelining: 0 }) }
  const made = isDirect
    ? new Agent(kept)
    : new EnvHttpProxyAgent({
        ...kept,
        // Proxies often refuse tunnels to other ports than 443
        proxyTunnel: false,
        httpProxy: proxyOf('http_proxy'),
        httpsProxy: proxyOf('https_proxy'),
      })
  dispatchers.set(key, made)
  return made
}

/** Finds the addresses of a host, of which a guarded way has no private ones if the host is in the internet. */
function lookupOf({ family, isGuarded }: Pick<Way, 'family' | 'isGuarded'>): LookupFunction {
  return (host, options, done) => {
    // Given a family itself, Node would try one address only
    lookup(host, { ...options, all: true, family }, (error, found) => {
      // Node gives none with an error, and a name may have another one than a moment ago
      const all = error ? [] : found
      const open = all.filter(isPublicAddress)
      if (open.length > 0) publicHosts.add(host)
      const usable = isGuarded && publicHosts.has(host) ? open : all
      const why = all.length > 0 && usable.length === 0 ? new RedirectFault(NOW_PRIVATE) : error
      const [first] = usable
      if (why || options.all) done(why, usable)
      else done(null, first?.address ?? '', first?.family)
    })
  }
}

/**
 * Connects to the host of a URL as a guarded request does; null if a proxy is asked for it.
 * @throws errors that `describeFailure` describes
 */
export async function connectDirectly(
  { protocol, hostname, host, port }: URL,
  how: Pick<TcpNetConnectOpts, 'onread' | 'signal'>,
): Promise<Socket | null> {
  undici ??= await import('undici')
  const isProxied = proxyOf('http_proxy') + proxyOf('https_proxy') !== ''
  if (isProxied && !isLoopback(hostname)) return null
  const rules = { timeout: CONNECT_TIMEOUT, lookup: lookupOf({ family: 0, isGuarded: true }) }
  const connect = undici.buildConnector({ ...how, ...rules })
  const place = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    connect({ hostname: place, host, protocol, port }, (error, socket) => {
      if (error) reject(error)
      else resolve(socket)
    })
  })
}

/**
 * A proxy of the environment, whose URL may lack the scheme, as with curl; empty if there is none.
 * HTTP_PROXY does not count, because a web server may set it from a header (httpoxy).
 */
function proxyOf(name: 'http_proxy' | 'https_proxy'): string {
  const others = name === 'https_proxy' ? process.env['HTTPS_PROXY'] : undefined
  const proxy = process.env[name] ?? others ?? ''
  if (/^(?!https?:)[^:]*:\/\//i.test(proxy))
    throw new Error(`${name} in the environment is not a proxy over HTTP`)
  return proxy === '' || proxy.includes('://') ? proxy : `http://${proxy}`
}
