import type { Cluster, Redis } from 'ioredis'
import { BtkitError } from '../errors.js'
import { escapeText } from '../text/escape.js'
import { describeFailure } from '../text/network-failure.js'

/** Where Redis is, and as whom to log in. */
export interface RedisAddress {
  /** How it is reached: directly, or through sentinels or any node of a cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster'
  /** In the form that the package reads: a server or the path of a socket, sentinels, or nodes. */
  readonly urls: readonly string[]
  /** The name by which sentinels know the primary server; empty for the other kinds. */
  readonly primary: string
  readonly user: string
  readonly password: string
  readonly database: number
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

/** Default port of sentinels. */
const SENTINEL_PORT = 26379

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
  const urls = isSocket ? [decode(path)] : hosts.split(',').map((host) => hostUrl(scheme, host))
  if (kind === '' && urls.length > 1) throw badUrl('names several servers')
  const [user = '', ...password] = login.split(':')
  return {
    kind: kind === '+sentinel' ? 'sentinel' : kind === '+cluster' ? 'cluster' : 'server',
    urls,
    primary: found.groups?.['primary'] ?? '',
    user: decode(user),
    password: decode(password.join(':')),
    database: Number(query ?? found.groups?.['db'] ?? 0),
    label: `${scheme}${suffix}://${hosts}${path}`,
  }
}

/** Returns the URL of one host. */
function hostUrl(scheme: string, host: string): string {
  const url = `${scheme}://${host}`
  if (host !== '' && URL.canParse(url)) return url
  throw badUrl('names no valid host')
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

/** The package's own timers also run while this process is busy: they get so many times as long. */
const LENIENCE = 5

/** Milliseconds before the client connects again. */
const againMs = (times: number) => Math.min(100 * 2 ** Math.min(times, 10), 5000)

/**
 * Loads the Redis package and creates a client, which connects with its first command. A lasting one
 * connects again by itself and repeats commands, for as long as it takes. Any other does neither, and
 * its commands of one moment share a round trip.
 */
export async function createClient(
  address: RedisAddress,
  timeoutMs: number,
  isLasting = false,
): Promise<RedisClient> {
  const { Redis, Cluster } = await import('ioredis')
  const { kind, urls, primary, user, password, database } = address
  const isTls = urls[0]?.startsWith('rediss:') ?? false
  const tls = isTls ? { tls: {} } : {}
  const retry = isLasting ? againMs : () => null
  const connectMs = isLasting ? timeoutMs : LENIENCE * timeoutMs
  const shared = {
    ...(user !== '' && { username: user }),
    ...(password !== '' && { password }),
    ...tls,
    connectTimeout: connectMs,
    disableClientInfo: true,
    protocol: 2 as const,
    retryStrategy: retry,
    // A connection that is lost, or never came about, would keep the process open for two seconds
    disconnectTimeout: 200,
  }
  const once = { lazyConnect: true, enableAutoPipelining: !isLasting }
  if (kind === 'cluster') {
    return new Cluster([...urls], {
      ...once,
      redisOptions: shared,
      clusterRetryStrategy: retry,
      slotsRefreshTimeout: connectMs,
    })
  }
  const own = { ...shared, ...once, db: database, maxRetriesPerRequest: isLasting ? null : 0 }
  if (kind === 'server') return new Redis(urls[0] ?? '', own)
  return new Redis({
    ...own,
    sentinels: urls.map((url) => sentinelAt(url)),
    name: primary,
    enableTLSForSentinelMode: isTls,
    ...(isTls && { sentinelTLS: {} }),
    sentinelRetryStrategy: retry,
    // A silent sentinel would keep its connection, and the process, open
    sentinelCommandTimeout: timeoutMs,
  })
}

function sentinelAt(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || SENTINEL_PORT) }
}

/** Most characters of a reason: a server can send any text. */
const MOST = 200

/** Describes in words why Redis failed, without the password. */
export function describeRedisFailure(
  error: unknown,
  { password }: RedisAddress,
  timeoutMs: number,
): string {
  const why = describeFailure(error, timeoutMs)
  // A server can even send the password it received
  const safe = password === '' ? why : why.replaceAll(password, '***')
  return escapeText(safe.slice(0, MOST))
}
