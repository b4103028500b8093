import { once } from 'node:events'
import {
  type Agent,
  type ClientRequest,
  type ClientRequestArgs,
  type IncomingMessage,
  request,
  type RequestOptions,
} from 'node:http'
import { BlockList, connect, isIP, isIPv4, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { decodePercent } from '../../base/percent.js'
import { isLoopback } from './address-reach.js'
import { lookupOf, plainHost } from './redirect-guard.js'

/** Milliseconds until a connection is given up. */
const CONNECT_MS = 10_000

/** Milliseconds until a connection is closed that nobody uses. */
const UNUSED_MS = 4000

/** Most connections to a host of content: others, such as trackers, are asked at the same time. */
const CONNECTIONS_TO_HOST = 16

/** How a request is sent. */
export interface Way {
  /** The address family to connect with; both with 0. */
  readonly family: 0 | 4 | 6
  /** Whether the proxies of the environment are ignored. */
  readonly isDirect: boolean
  readonly isGuarded: boolean
  /** Whether it gets a new connection, and leaves none for others. */
  readonly isFresh?: boolean
}

/** A request that is sent to an address. */
interface Asked {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * A request to an address or to its proxy, without a body so far. Node tells its errors in a later
 * tick.
 */
export async function openRequest(address: URL, way: Way, asked: Asked): Promise<ClientRequest> {
  const { protocol, host, origin, pathname, search } = address
  const path = `${pathname}${search}`
  const proxy = way.isDirect ? null : proxyFor(address)
  if (!proxy || protocol === 'https:') {
    const agent = await agentOf(address, way, proxy)
    return request({ ...asked, ...placeOf(address), path, agent })
  }
  const headers = { host, ...asked.headers }
  return askProxy(proxy, way, { ...asked, path: origin + path, headers })
}

/** A request to a proxy, whose errors say so. */
async function askProxy(
  proxy: URL,
  way: Way,
  asked: Omit<RequestOptions, 'headers'> & Pick<Asked, 'headers'>,
): Promise<ClientRequest> {
  const headers = { ...asked.headers, ...loginIn(proxy, 'proxy-authorization') }
  const agent = await agentOf(proxy, way, null)
  const name = (error: Error) => Object.assign(error, { proxy: proxy.host })
  return request({ ...asked, ...placeOf(proxy), headers, agent }).on('error', name)
}

/**
 * Connects to the host of a URL as a guarded request does; null if a proxy is asked for it.
 * @throws errors that `describeFailure` describes
 */
export async function connectDirectly(
  address: URL,
  how: Pick<TcpNetConnectOpts, 'onread' | 'signal'>,
): Promise<Socket | null> {
  if (proxyFor(address)) return null
  const agent = await agentOf(address, { family: 0, isDirect: true, isGuarded: true }, null)
  const to = { ...how, ...placeOf(address), lookup: lookupOf(0, true) }
  const socket = agent.createConnection(to) as Socket
  // Errors close it, too
  await once(
    socket.on('error', () => undefined),
    openingOf(address),
  )
  return socket
}

/** Where an address is connected to. */
function placeOf({ protocol, hostname, port }: URL) {
  const host = plainHost(hostname)
  const own = protocol === 'https:' ? '443' : '80'
  return { protocol, host, port: port || own, servername: isIP(host) ? '' : host }
}

/** The event of a socket that is connected to an address. */
const openingOf = ({ protocol }: URL) => (protocol === 'https:' ? 'secureConnect' : 'connect')

/** Kept connections by the way of their requests. */
const agents = new Map<string, Agent>()

/** The connections to addresses as this one; with a proxy they are tunnels through it. */
async function agentOf(address: URL, way: Way, proxy: URL | null): Promise<Agent> {
  const isTls = address.protocol === 'https:'
  // TLS takes longer to load than most commands take
  const module = await (isTls ? import('node:https') : import('node:http'))
  const opening = openingOf(address)
  const key = JSON.stringify([opening, way, proxy])
  const known = agents.get(key)
  if (known) return known
  const { family, isGuarded, isFresh = false } = way
  const maxSockets = isGuarded ? CONNECTIONS_TO_HOST : Infinity
  const lookup = lookupOf(family, isGuarded)
  const agent = new module.Agent({ keepAlive: !isFresh, maxSockets, timeout: UNUSED_MS, lookup })
  // The agent of TLS resumes sessions
  const connectTls = agent.createConnection.bind(agent) as (to: object) => Socket
  const connectTo = (to: object) => (isTls ? connectTls(to) : connect(to as TcpNetConnectOpts))
  agent.createConnection = (to, done) => {
    if (!proxy) return inTime(connectTo(to), opening)
    askTunnel(proxy, way, to).then(
      (socket) => done?.(null, inTime(connectTo({ ...to, socket }), opening)),
      (error: unknown) => done?.(error as Error, null as never),
    )
    return null
  }
  agents.set(key, agent)
  return agent
}

/** Asks a proxy for a connection to a host (RFC 9110, section 9.3.6). */
async function askTunnel(proxy: URL, way: Way, to: ClientRequestArgs): Promise<Duplex> {
  const host = to.host?.includes(':') ? `[${to.host}]` : to.host
  const path = `${host}:${to.port}`
  const asked = await askProxy(proxy, way, { method: 'CONNECT', path, headers: { host: path } })
  const answer = once(inTime(asked, 'connect').end(), 'connect')
  const [{ statusCode }, socket] = (await answer) as [IncomingMessage, Duplex]
  if (statusCode === 200) return socket
  socket.destroy()
  throw new Error(`the proxy answers with status ${statusCode}`)
}

/** Ends what did not open in time. */
function inTime<T extends Duplex | ClientRequest>(opened: T, opening: string): T {
  const seconds = CONNECT_MS / 1000
  const giveUp = () => opened.destroy(new Error(`no connection within ${seconds} seconds`))
  const timer = setTimeout(giveUp, CONNECT_MS)
  const stop = () => {
    clearTimeout(timer)
  }
  opened.once(opening, stop).once('close', stop)
  return opened
}

/** The proxy of the environment for an address; null if it is asked itself. */
export function proxyFor({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): URL | null {
  const proxy = (protocol === 'https:' && proxyOf('https_proxy')) || proxyOf('http_proxy')
  if (proxy === '' || isLoopback(hostname)) return null
  const { no_proxy: lower, NO_PROXY: upper = '' } = process.env
  return isListed(hostname, lower ?? upper) ? null : new URL(proxy)
}

/**
 * Whether a list of no_proxy names a host, as curl 7.86 and later reads it: `*` alone is all hosts;
 * a name is also all names below it; an address may be a network, such as 192.0.2.0/24.
 */
function isListed(hostname: string, list: string): boolean {
  if (list === '*') return true
  const host = plainHost(hostname).replace(/\.$/, '')
  const isNamed = (entry: string) => {
    if (isIP(host) > 0) return isInNetwork(host, entry)
    const name = entry.toLowerCase().replace(/^\.|\.$/g, '')
    return name !== '' && `.${host}`.endsWith(`.${name}`)
  }
  return list.split(/[,\s]+/).some(isNamed)
}

/** Whether an address is equal to another one, or in a network, of its family. */
function isInNetwork(address: string, network: string): boolean {
  const [, start = '', bits] = /^(.*?)(?:\/(\d+))?$/.exec(network) ?? []
  const [kind, most] = isIPv4(address) ? (['ipv4', 32] as const) : (['ipv6', 128] as const)
  const prefix = Number(bits ?? most)
  if (isIP(start) !== isIP(address) || prefix > most) return false
  const list = new BlockList()
  list.addSubnet(start, prefix, kind)
  return list.check(address, kind)
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

/** The header with the user and password of a URL, if it has them. */
export function loginIn({ username, password }: URL, header: string): Record<string, string> {
  if (username + password === '') return {}
  const login = `${decodePercent(username, username)}:${decodePercent(password, password)}`
  return { [header]: `Basic ${Buffer.from(login).toString('base64')}` }
}
