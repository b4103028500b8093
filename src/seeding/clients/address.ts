import { decodePercent } from '../../base/percent.js'
import { BtkitError } from '../../base/errors.js'
import { isLoopback } from '../../core/remote/address-reach.js'
import type { ScgiEndpoint } from './rtorrent/scgi.js'

/** The clients that btkit can add torrents to. */
export type ClientKind = 'rtorrent' | 'transmission' | 'qbittorrent' | 'deluge'

/** The address and the login of a client. */
export interface ClientAddress {
  readonly kind: ClientKind
  /** The address without credentials, for messages. */
  readonly label: string
  /** URL of the remote control over HTTP; empty with SCGI. */
  readonly url: string
  readonly scgi: ScgiEndpoint | null
  /**
   * Whether the address is a loopback address or a socket, so that the client runs on this machine.
   */
  readonly isLocal: boolean
  readonly user: string
  readonly password: string
  /** The netrc file that was looked at for credentials, for messages. */
  readonly netrc?: { readonly path: string; readonly isThere: boolean }
}

/** The port and the path that an address may omit. */
const HTTP_KINDS: Readonly<Record<ClientKind, { port: number; path: string }>> = {
  rtorrent: { port: 80, path: '/RPC2' },
  transmission: { port: 9091, path: '/transmission/rpc' },
  qbittorrent: { port: 8080, path: '/' },
  deluge: { port: 8112, path: '/json' },
}

/** Advice for clients that btkit controlled once. */
const ENDED: Readonly<Record<string, string>> = {
  aria2: 'btkit does not control it any more; use btkit seed, or another client',
}

/** The forms of an address, for messages. */
export const CLIENT_FORMS = [
  'scgi+unix:///run/rtorrent.sock',
  'scgi://127.0.0.1:5000',
  ...Object.keys(HTTP_KINDS).map((kind) => `${kind}+http://host`),
].join(', ')

/**
 * Parses the address of a client, such as `transmission+http://user:password@host:9091`. Default
 * ports and paths may be omitted; given ones are used unchanged.
 * @throws BtkitError `usage`, without the credentials in the text
 */
export function parseClientAddress(text: string): ClientAddress {
  const match = /^([a-z0-9]+)(?:\+([a-z]+))?:\/\/(.*)$/is.exec(text)
  const [, first = '', second = '', rest = ''] = match ?? []
  if (first.toLowerCase() === 'scgi') return parseScgi(second.toLowerCase(), rest)
  const scheme = second.toLowerCase() || 'http'
  const kind = first.toLowerCase()
  if (!isKind(kind) || (scheme !== 'http' && scheme !== 'https')) {
    const what = `${ENDED[kind] ?? 'not the address of a client'} (${CLIENT_FORMS})`
    throw new BtkitError('usage', `${withoutCredentials(text)}: ${what}`)
  }
  return parseHttp(kind, scheme, rest)
}

function isKind(word: string): word is ClientKind {
  return Object.hasOwn(HTTP_KINDS, word)
}

function parseHttp(kind: ClientKind, scheme: string, rest: string): ClientAddress {
  const { port, path } = HTTP_KINDS[kind]
  const text = `${scheme}://${rest}`
  if (!URL.canParse(text)) {
    const advice = /[/?#].*@/s.test(rest) ? '; write / in a password as %2F' : ''
    throw new BtkitError('usage', `${withoutCredentials(text)}: not a URL${advice}`)
  }
  const { hostname, pathname, username, password } = new URL(text)
  // URL removes the default port of a scheme, even if it is written explicitly
  const given = /^[^/?#]*:(\d+)(?:[/?#]|$)/.exec(rest.slice(rest.lastIndexOf('@') + 1))
  // rtorrent is behind a web server, which uses the scheme's port; all others have their own
  const usual = kind === 'rtorrent' && scheme === 'https' ? 443 : port
  const host = `${hostname}:${given?.[1] ?? usual}`
  const own = pathname === '/' ? path : pathname
  // The methods of qBittorrent are below the path
  const end = path.endsWith('/') && !own.endsWith('/') ? '/' : ''
  return {
    kind,
    label: `${kind}+${scheme}://${host}`,
    url: `${scheme}://${host}${own}${end}`,
    scgi: null,
    isLocal: isLoopback(hostname),
    user: decodePercent(username, username),
    password: decodePercent(password, password),
  }
}

function parseScgi(form: string, rest: string): ClientAddress {
  const base = { kind: 'rtorrent', url: '', user: '', password: '' } as const
  if (form === 'unix' && rest.startsWith('/')) {
    return { ...base, label: `scgi+unix://${rest}`, scgi: { path: rest }, isLocal: true }
  }
  const match = /^(\[[0-9a-f:.]+\]|[^/:@]+):(\d{1,5})\/?$/i.exec(rest)
  const port = Number(match?.[2])
  if (form !== '' || !match?.[1] || port < 1 || port > 65535) {
    const forms = 'scgi://host:port or scgi+unix:///path'
    throw new BtkitError('usage', `scgi${form && `+${form}`}://${rest}: not ${forms}`)
  }
  const host = match[1].replace(/^\[|\]$/g, '')
  const label = `scgi://${match[1]}:${port}`
  return { ...base, label, scgi: { host, port }, isLocal: isLoopback(host) }
}

function withoutCredentials(text: string): string {
  return text.replace(/^[^/]*@|(\/\/).*@/s, '$1')
}
