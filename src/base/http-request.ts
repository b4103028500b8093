import { decodePercent } from './percent.js'
import { lookup } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type * as Packaged from 'undici'
import { Reach, reachOf } from './address-reach.js'

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
   * Whether redirects are refused that lead from TLS to none, or from the internet into a private network:
   * a stranger could have internal services read. Default: none is.
   */
  readonly isGuarded?: boolean
  /** Milliseconds that may pass without a byte; by default any number. */
  readonly idleMs?: number
  /** The address family to connect with; both by default. */
  readonly family?: 4 | 6 | undefined
  /** Whether the proxies of the environment are ignored. */
  readonly isDirect?: boolean
}

/** The answer to a request. The caller reads the body to its end, or calls `end`. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  /** The body, unpacked if it is packed with gzip. */
  readonly body: AsyncIterable<Uint8Array>
  readonly end: () => void
}

/** A redirect that is not followed. */
export class RedirectFault extends Error {}

const REDIRECTS = [301, 302, 303, 307, 308]

/** Milliseconds until a connection is given up. */
const CONNECT_TIMEOUT = 10_000

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/i

/**
 * Sends a request to any port, unlike fetch, which refuses those that browsers block. A user and
 * password in the URL are sent as Basic authorization, but to no other origin. Hosts other than this
 * machine are asked through the proxies of `http_proxy`, `https_proxy` and `no_proxy`.
 * @throws RedirectFault, and errors that `describeFailure` describes
 */
export async function requestHttp(url: string, request: HttpRequest): Promise<HttpResponse> {
  const { redirects = 0, isGuarded = false } = request
  const first = new URL(url)
  const { username, password, origin } = first
  const login = Buffer.from(
    `${decodePercent(username, username)}:${decodePercent(password, password)}`,
  ).toString('base64')
  const basic = username + password === '' ? {} : { authorization: `Basic ${login}` }
  const own = { ...basic, ...request.originHeaders }
  let address = first
  let isPublic = false
  for (let left = redirects; ; left--) {
    const headers = { ...request.headers, ...(address.origin === origin ? own : {}) }
    const response = await send(address, { ...request, headers }, isPublic)
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
    address = next
  }
}

const INTO_PRIVATE = 'redirects into a private network'

/** Hosts that had an address of the internet when this process connected to them. */
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
  { isHead, body, headers, signal, family, idleMs = 0, isDirect = false }: HttpRequest,
  isPublic: boolean,
): Promise<HttpResponse> {
  undici ??= await import('undici')
  const isOwn = isDirect || LOOPBACK.test(address.hostname)
  const answer = await undici.default.request(address, {
    method: isHead ? 'HEAD' : body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body }),
    headers: { 'user-agent': 'btkit', accept: '*/*', ...headers },
    signal,
    dispatcher: dispatcherOf(undici, family ?? 0, isOwn, isPublic),
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  })
  // An error may come when nobody reads.
  answer.body.on('error', () => undefined)
  const end = () => {
    answer.body.destroy()
  }
  const received = new Headers()
  for (const [name, values] of Object.entries(answer.headers))
    for (const value of [values ?? []].flat()) received.append(name, value)
  // Some servers pack a body without being asked to
  const isPacked = /^(x-)?gzip$/i.test(received.get('content-encoding') ?? '')
  const unpacked = isPacked ? pipeline(answer.body, createGunzip(), () => undefined) : answer.body
  return { status: answer.statusCode, headers: received, body: unpacked, end }
}

/** Kept connections by family, of direct requests and others, and of those that end in no private network. */
const dispatchers = new Map<string, Dispatcher>()

function dispatcherOf(
  { Agent, EnvHttpProxyAgent }: Undici,
  family: 0 | 4 | 6,
  isDirect: boolean,
  isPublic: boolean,
): Dispatcher {
  const key = `${family} ${isDirect} ${isPublic}`
  const known = dispatchers.get(key)
  if (known) return known
  // For hosts that are asked without a proxy. Given a family itself, Node would try one address only
  const look: LookupFunction = (host, options, done) => {
    lookup(host, { ...options, all: true, family }, (error, found) => {
      // Node gives none with an error, and a name may have another one than a moment ago
      const all = error ? [] : found
      if (all.some(isPublicAddress)) publicHosts.add(host)
      const isRefused = isPublic && !all.every(isPublicAddress)
      const why = isRefused ? new RedirectFault(INTO_PRIVATE) : error
      const [first] = all
      if (why || options.all) done(why, found)
      else done(null, first?.address ?? '', first?.family)
    })
  }
  const connect = { timeout: CONNECT_TIMEOUT, lookup: look }
  const made = isDirect
    ? new Agent({ connect })
    : new EnvHttpProxyAgent({
        connect,
        // Proxies often refuse tunnels to other ports than 443
        proxyTunnel: false,
        httpProxy: proxyOf('http_proxy'),
        httpsProxy: proxyOf('https_proxy'),
      })
  dispatchers.set(key, made)
  return made
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
