import { BtkitError } from '../errors.js'

/** Where Redis is, and as whom to log in. */
export interface RedisAddress {
  readonly kind: 'server' | 'unix' | 'sentinel' | 'cluster'
  /** One server, all sentinels, or some nodes of a cluster; none for a socket. */
  readonly hosts: readonly RedisHost[]
  /** Path of the socket; empty for the other kinds. */
  readonly path: string
  /** The name by which sentinels know the primary server; empty for the other kinds. */
  readonly primary: string
  readonly isTls: boolean
  readonly user: string
  readonly password: string
  readonly database: number
  /** The address for messages: without user and password. */
  readonly label: string
}

export interface RedisHost {
  readonly host: string
  readonly port: number
}

const KINDS = {
  redis: 'server',
  'redis+unix': 'unix',
  'redis+sentinel': 'sentinel',
  'redis+cluster': 'cluster',
} as const

const SHAPE =
  /^(redis|rediss)(\+unix|\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?db=(\d+))?$/

/** Default ports of Redis and of its sentinels. */
const PORT = 6379
const SENTINEL_PORT = 26379

/**
 * Parses the URL of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS,
 * `redis+unix:///path[?db=n]`, `redis+sentinel://host[:port],…/primary[/db]` or
 * `redis+cluster://host[:port],…`; `rediss+sentinel://` and `rediss+cluster://` use TLS.
 * @throws BtkitError `usage` whose message has neither user nor password
 */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme = '', suffix = '', login = '', places = '', rest = '', db] =
    SHAPE.exec(text) ?? []
  const kind = (KINDS as Record<string, RedisAddress['kind']>)[`redis${suffix}`]
  if (scheme === '' || kind === undefined) throw badUrl('not the URL of a Redis')
  const parts = rest.split('/').slice(1)
  const primary = kind === 'sentinel' ? (parts.shift() ?? '') : ''
  const [user, password] = parseLogin(login)
  const shared = { kind, primary, user, password, isTls: scheme === 'rediss' }
  if (kind === 'unix') {
    if (places !== '' || rest === '' || shared.isTls) throw badUrl('a socket has a path only')
    const label = `redis+unix://${rest}`
    return { ...shared, hosts: [], path: decode(rest), database: Number(db ?? 0), label }
  }
  if (kind === 'sentinel' && primary === '') throw badUrl('sentinels need the name of the primary')
  if (parts.length > 1 || !/^\d{0,5}$/.test(parts[0] ?? '') || db !== undefined)
    throw badUrl('the path is not the number of a database')
  const database = Number(parts[0] ?? 0)
  if (kind === 'cluster' && database !== 0) throw badUrl('a cluster has database 0 only')
  const hosts = places.split(',').map((place) => parseHost(place, kind))
  if (kind === 'server' && hosts.length > 1) throw badUrl('names several servers')
  return { ...shared, hosts, path: '', database, label: `${scheme}${suffix}://${places}${rest}` }
}

function parseLogin(login: string): [user: string, password: string] {
  const at = login.indexOf(':')
  return at === -1 ? [decode(login), ''] : [decode(login.slice(0, at)), decode(login.slice(at + 1))]
}

function parseHost(place: string, kind: RedisAddress['kind']): RedisHost {
  const [, literal, name, port] =
    /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(place) ?? []
  const host = literal ?? name
  const number = Number(port ?? (kind === 'sentinel' ? SENTINEL_PORT : PORT))
  if (host === undefined || number < 1 || number > 65_535) throw badUrl('names no valid host')
  return { host, port: number }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl('has a % that is no escape')
  }
}

/** The URL itself is left out, because it may have a password. */
function badUrl(why: string): BtkitError {
  return new BtkitError(
    'usage',
    `${why}; write redis://HOST[:PORT][/DB] (or redis+unix://, redis+sentinel://, redis+cluster://)`,
  )
}
