import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { BtkitError } from '../errors.js'
import { escapeText } from '../text/escape.js'
import { describeFailure } from '../text/network-failure.js'

type Login = Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>
type Place = Pick<RedisOptions, 'host' | 'port' | 'path' | 'sentinels' | 'name'>

/** Where Redis is, and as whom to log in, in the form that the package reads. */
export interface RedisAddress {
  /** Nodes of a cluster; null for a single server, also if sentinels know where it is. */
  readonly nodes: { readonly host: string; readonly port: number }[] | null
  readonly options: Place & Login
  /** The address for messages: without user and password. */
  readonly label: string
}

const SHAPE =
  /^(rediss?)(\+unix|\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?db=(\d{1,5}))?$/

/** The part after the hosts by kind, and the error if it is something else. */
const PATHS = {
  '': [/^\/?(?<db>\d{0,5})$/, 'the path is not the number of a database'],
  '+unix': [/^\/./, 'a socket has a path only'],
  '+sentinel': [
    /^\/(?<primary>[^/]+)(?:\/(?<db>\d{0,5}))?$/,
    'sentinels need the name of the primary',
  ],
  '+cluster': [/^\/?0?$/, 'a cluster has database 0 only'],
} as const

/**
 * Parses the URL of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS,
 * `redis+unix:///path[?db=n]`, `redis+sentinel://host[:port],…/primary[/db]` or
 * `redis+cluster://host[:port],…`; `rediss+sentinel://` and `rediss+cluster://` use TLS.
 * @throws BtkitError `usage` whose message has neither user nor password
 */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme = '', suffix = '', login = '', hosts = '', path = '', query] =
    SHAPE.exec(text) ?? []
  if (scheme === '') throw badUrl('not the URL of a Redis')
  const kind = suffix as keyof typeof PATHS
  const [shape, why] = PATHS[kind]
  const found = shape.exec(path)
  const isSocket = kind === '+unix'
  if (!found || (isSocket && (hosts !== '' || scheme === 'rediss'))) throw badUrl(why)
  if (!isSocket && query !== undefined) throw badUrl('only a socket has ?db=')
  const port = kind === '+sentinel' ? 26379 : 6379
  const places = isSocket ? [] : hosts.split(',').map((host) => placeAt(host, port))
  if (kind === '' && places.length > 1) throw badUrl('names several servers')
  const [username = '', password = ''] = login.split(/:(.*)/s).map(decode)
  const { primary = '', db } = found.groups ?? {}
  const options = {
    ...(isSocket ? { path: decode(path) } : places[0]),
    ...(kind === '+sentinel' && { sentinels: places, name: primary }),
    ...(scheme === 'rediss' && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
    ...{ username, password, db: Number(query ?? db ?? 0) },
  }
  const label = `${scheme}${suffix}://${hosts}${path}`
  return { nodes: kind === '+cluster' ? places : null, options, label }
}

function placeAt(text: string, usualPort: number): { host: string; port: number } {
  const url = `redis://${text}`
  if (text === '' || !URL.canParse(url)) throw badUrl('names no valid host')
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usualPort) }
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

/** A client of one server or of a cluster. */
export type RedisClient = Redis | Cluster

const never = () => null

/** Fails at once instead of trying again, and sends the commands of one moment in one round trip. */
const ONCE = {
  maxRetriesPerRequest: 0,
  retryStrategy: never,
  sentinelRetryStrategy: never,
  clusterRetryStrategy: never,
  enableAutoPipelining: true,
}

/**
 * Loads the Redis package and creates a client, which connects with its first command. A lasting one
 * connects again by itself and repeats commands, for as long as it takes. A command of any other fails
 * after the timeout.
 */
export async function createClient(
  { nodes, options }: RedisAddress,
  timeoutMs: number,
  isLasting = false,
): Promise<RedisClient> {
  const { Redis, Cluster } = await import('ioredis')
  const rules = {
    ...options,
    ...(isLasting ? { maxRetriesPerRequest: null } : { ...ONCE, commandTimeout: timeoutMs }),
    lazyConnect: true,
    connectTimeout: timeoutMs,
    sentinelCommandTimeout: timeoutMs,
    slotsRefreshTimeout: timeoutMs,
    // A connection that is lost, or never came about, would keep the process open for two seconds
    disconnectTimeout: 200,
    disableClientInfo: true,
    protocol: 2 as const,
  }
  return nodes ? new Cluster(nodes, { ...rules, redisOptions: rules }) : new Redis(rules)
}

/** Describes in words why Redis failed, without the password. */
export function describeRedisFailure(
  error: unknown,
  { options: { password = '' } }: RedisAddress,
  timeoutMs: number,
): string {
  const isLate = error instanceof Error && error.message === 'Command timed out'
  const why = isLate ? `no answer within ${timeoutMs} ms` : describeFailure(error, timeoutMs)
  // A server can send any text, even the password it received
  return escapeText((password === '' ? why : why.replaceAll(password, '***')).slice(0, 200))
}
