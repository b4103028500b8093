import { decodePercent } from '../../base/percent.js'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { BtkitError } from '../../base/errors.js'
import { escapeText } from '../../base/text/escape.js'
import { describeFailure } from '../../base/text/network-failure.js'

type Place =
  | 'host'
  | 'port'
  | 'path'
  | 'sentinels'
  | 'name'
  | 'username'
  | 'password'
  | 'db'
  | 'tls'

/** Where Redis is, and as whom to log in, in the form that the package reads. */
export interface RedisAddress {
  /** Nodes of a cluster; null for a single server, also if sentinels know where it is. */
  readonly nodes: { readonly host: string; readonly port: number }[] | null
  readonly options: Pick<RedisOptions, Place>
  /** The address for messages: without user and password. */
  readonly label: string
}

const FORMS =
  'redis://HOST[:PORT][/DB] (or redis+unix:///PATH[?db=N], redis+sentinel://HOST,…/PRIMARY[/DB], redis+cluster://HOST,…; rediss for TLS)'

const LOGIN = '://(?:(?<login>[^@/]*)@)?'

const SHAPES = [
  `(?<scheme>rediss?)${LOGIN}(?<hosts>[^@/?#,]+)(?:/(?<db>\\d{0,5}))?`,
  `(?<scheme>redis\\+unix)${LOGIN}(?<path>/[^?#]+)(?:\\?db=(?<db>\\d{1,5}))?`,
  `(?<scheme>rediss?\\+sentinel)${LOGIN}(?<hosts>[^@/?#]+)/(?<primary>[^/?#]+)(?:/(?<db>\\d{0,5}))?`,
  `(?<scheme>rediss?\\+cluster)${LOGIN}(?<hosts>[^@/?#]+)(?:/0?)?`,
].map((shape) => new RegExp(`^${shape}$`))

/**
 * Parses the URL of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS,
 * `redis+unix:///path[?db=n]`, `redis+sentinel://host[:port],…/primary[/db]` or
 * `redis+cluster://host[:port],…`; `rediss+sentinel://` and `rediss+cluster://` use TLS.
 * @throws BtkitError `usage` whose message has neither user nor password
 */
export function parseRedisUrl(text: string): RedisAddress {
  try {
    for (const shape of SHAPES) {
      const found = shape.exec(text)?.groups
      if (found) return addressOf(found)
    }
  } catch (error) {
    // A host, a port or an escape is wrong
    if (!(error instanceof TypeError)) throw error
  }
  // The URL itself is left out, because it may have a password
  throw new BtkitError('usage', `not the URL of a Redis; write ${FORMS}`)
}

function decodePart(text: string): string {
  const decoded = decodePercent(text, null)
  if (decoded === null) throw new TypeError('an escape is wrong')
  return decoded
}

function addressOf(found: Readonly<Record<string, string>>): RedisAddress {
  const { scheme = '', login = '', hosts, path, primary, db } = found
  const places = hosts?.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`)
    const usualPort = primary === undefined ? 6379 : 26379
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usualPort) }
  })
  const [username = '', password = ''] = login.split(/:(.*)/s).map(decodePart)
  const options = {
    ...(path === undefined ? places?.[0] : { path: decodePart(path) }),
    ...(places && primary !== undefined && { sentinels: places, name: primary }),
    ...(scheme.startsWith('rediss') && {
      tls: {},
      sentinelTLS: {},
      enableTLSForSentinelMode: true,
    }),
    username,
    password,
    db: Number(db ?? 0),
  }
  const label = `${scheme}://${[hosts ?? path, primary, db].filter(Boolean).join('/')}`
  return { nodes: scheme.endsWith('+cluster') ? (places ?? null) : null, options, label }
}

/** A client of one server or of a cluster. */
export type RedisClient = Redis | Cluster

const never = () => null

/**
 * Fails at once instead of trying again, and sends the commands of one moment in one round trip.
 */
const ONCE = {
  maxRetriesPerRequest: 0,
  retryStrategy: never,
  sentinelRetryStrategy: never,
  clusterRetryStrategy: never,
  enableAutoPipelining: true,
}

/**
 * Loads the Redis package and creates a client, which connects with its first command. A lasting
 * one connects again by itself and repeats commands, for as long as it takes. A command of any
 * other fails after the timeout.
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
