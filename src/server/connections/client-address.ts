import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { BtkitError } from '../../base/errors.js'
import { quoteText } from '../../base/text/escape.js'

/** A trusted proxy: a range of addresses, or `unix` for all peers on a Unix socket. */
export type TrustedProxy = 'unix' | { readonly address: string; readonly bits: number }

/** An IPv4 address as given by a socket that listens on IPv6, too. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * Reads `unix`, an address, or an address with the number of bits that count, such as `10.0.0.0/8`.
 * @throws BtkitError `usage`
 */
export function parseTrustedProxy(text: string): TrustedProxy {
  if (text === 'unix') return text
  const [, address = '', length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const most = isIP(address) === 4 ? 32 : 128
  const bits = Number(length ?? most)
  if (isIP(address) !== 0 && bits <= most) return { address, bits }
  throw new BtkitError(
    'usage',
    `${quoteText(text)}: neither unix nor an address; write 10.0.0.0/8, for example`,
  )
}

/** Headers that proxies add to requests. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'] as const

/** The other end of a connection. */
interface Peer {
  /** Null on a Unix socket. */
  readonly address: string | null
  /** Whether it is a trusted proxy. */
  readonly isProxy: boolean
  /** Key of its client (see `clientKey`); null for a proxy, and on a Unix socket. */
  readonly key: string | null
}

/** A connection, or only what is known of it before it begins, with its peer. */
type Known = Pick<Socket, 'remoteAddress'> & { [peer: symbol]: Peer | undefined }

/** Finds the addresses of clients behind trusted proxies. */
export class ClientAddresses {
  /** The property of a connection that has its peer: each request asks for it several times. */
  readonly #peer = Symbol('peer')
  readonly #trusted = new BlockList()
  readonly #isUnixTrusted: boolean
  /** Whether any proxy is trusted. */
  readonly trustsAny: boolean

  readonly #warn: (message: string) => void
  #hasWarned = false

  /** `warn` is called once if a trusted proxy passes requests on without a usable address. */
  constructor(proxies: readonly TrustedProxy[], warn: (message: string) => void = () => undefined) {
    this.#warn = warn
    this.trustsAny = proxies.length > 0
    this.#isUnixTrusted = proxies.includes('unix')
    for (const proxy of proxies) {
      if (proxy !== 'unix')
        this.#trusted.addSubnet(proxy.address, proxy.bits, familyOf(proxy.address))
    }
  }

  /**
   * The address of the client of a request: that of its connection. If that is a trusted proxy, it
   * is the last address in `X-Forwarded-For` that is not a trusted proxy. Null on a Unix socket
   * without such a header.
   */
  readonly of = (request: Pick<IncomingMessage, 'socket' | 'headers'>): string | null => {
    const peer = this.#peerOf(request.socket)
    if (!peer.isProxy) return peer.address
    const { address, isNamed } = this.#lastHop(peer.address, request)
    if (!isNamed && isForwarded(request)) this.#warnOfUnnamed(peer.address, request)
    return address
  }

  #warnOfUnnamed(peer: string | null, { headers }: Pick<IncomingMessage, 'headers'>): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const said = headers['x-forwarded-for']
    const header = said === undefined ? 'is missing' : `is ${quoteText([said].flat().join(','))}`
    const proxy = `the trusted proxy at ${peer ?? 'a Unix socket'}`
    this.#warn(
      `${proxy} names no client, because X-Forwarded-For ${header}; its clients share the address and limits of the proxy`,
    )
  }

  /** Whether a request came from a trusted proxy. */
  isFromProxy({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
    return this.#peerOf(socket).isProxy
  }

  /**
   * Whether the client at the address `of` returns sent the request itself. False if the request
   * came through a proxy that is not trusted, or that names no address.
   */
  isOwnRequest(request: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
    const { address, isProxy } = this.#peerOf(request.socket)
    if (!isProxy) return address !== null && !isForwarded(request)
    return !isForwarded(request) || this.#lastHop(address, request).isNamed
  }

  /** The scheme that the client of a request uses, as a trusted proxy says; empty if none does. */
  forwardedScheme(request: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    const [said = ''] = [request.headers['x-forwarded-proto'] ?? []].flat()
    if (said === '' || !this.isFromProxy(request)) return ''
    return said.split(',', 1).join().trim().toLowerCase()
  }

  /** The last address that is not a trusted proxy, and whether the proxies name it. */
  #lastHop(peer: string | null, { headers }: Pick<IncomingMessage, 'headers'>) {
    const hops = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    let address = peer
    for (let hop = hops.pop()?.trim(); hop !== undefined; hop = hops.pop()?.trim()) {
      const next = withoutPort(hop)
      if (isIP(next) === 0) return { address, isNamed: false }
      address = unmappedAddress(next)
      if (!this.#trusts(address)) break
    }
    return { address, isNamed: true }
  }

  /**
   * Key of a connection's client (see `clientKey`); null for a trusted proxy, which has many
   * clients, and for a Unix socket.
   */
  readonly connectionKey = (connection: Pick<Socket, 'remoteAddress'>): string | null =>
    this.#peerOf(connection).key

  /** Key of a request's client (see `clientKey`); null if `of` finds no address. */
  keyOf(request: Pick<IncomingMessage, 'socket' | 'headers'>): string | null {
    const { key, isProxy } = this.#peerOf(request.socket)
    const address = isProxy ? this.of(request) : null
    return address === null ? key : clientKey(address)
  }

  #peerOf(connection: Pick<Socket, 'remoteAddress'>): Peer {
    const known = (connection as Known)[this.#peer]
    if (known) return known
    const { remoteAddress } = connection
    const address = remoteAddress === undefined ? null : unmappedAddress(remoteAddress)
    // A BlockList takes time even if it is empty
    const isProxy = this.trustsAny && this.#trusts(address)
    const key = address === null || isProxy ? null : clientKey(address)
    return ((connection as Known)[this.#peer] = { address, isProxy, key })
  }

  #trusts(address: string | null): boolean {
    if (address === null) return this.#isUnixTrusted
    return this.#trusted.check(withoutZone(address), familyOf(address))
  }
}

/**
 * Key of one client: an IPv4 address, or the first 64 bits of an IPv6 address, because one client
 * usually has all addresses of a /64.
 */
export function clientKey(address: string): string {
  // Only IPv6 addresses contain colons
  return address.includes(':')
    ? `${ipv6Groups(withoutZone(address)).slice(0, 4).join(':')}::/64`
    : address
}

/** Key of a client's network, the first 48 bits of IPv6; null for IPv4. */
export function networkOf(client: string): string | null {
  if (!client.includes(':')) return null
  return `${client.split(':').slice(0, 3).join(':')}::/48`
}

/** The eight groups of an IPv6 address, without leading zeros. */
export function ipv6Groups(address: string): string[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = canonical
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}

/** Whether a proxy says that it passes a request on. */
function isForwarded({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return FORWARDED.some((name) => headers[name] !== undefined)
}

/** An IPv4 address without the prefix that sockets for IPv6 give it; others as they are. */
export function unmappedAddress(address: string): string {
  if (!address.includes(':')) return address
  return MAPPED.exec(address)?.[1] ?? address
}

/**
 * Removes the port and the brackets of an endpoint such as `192.0.2.1:80` or `[2001:db8::1]:80`.
 * Other text stays as it is.
 */
export function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\](?::\d+)?|(\d[\d.]*):\d+)$/.exec(text) ?? []
  return v6 ?? v4 ?? text
}

/** Removes the interface of a link-local address. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
