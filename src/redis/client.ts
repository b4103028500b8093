import type { Cluster, ClusterOptions, Redis } from 'ioredis'
import type { RedisAddress } from './address.js'
import { guardReplies } from './replies.js'

/** A client of one server or of a cluster. */
export type RedisClient = Redis | Cluster

/** Commands of a client beside the usual ones. */
export interface ClientOptions {
  /** Functions in Lua, by the names of the methods that call them. */
  readonly scripts?: NonNullable<ClusterOptions['scripts']>
  /** Whether the client connects again by itself and repeats commands, for as long as it takes. */
  readonly isLasting?: boolean
}

/** The package's own timers also run while this process is busy: they get so many times as long. */
const LENIENCE = 5

/** Milliseconds before the client connects again. */
const againMs = (times: number) => Math.min(100 * 2 ** Math.min(times, 10), 5000)

/**
 * Loads the Redis package and creates a client, which connects with its first command. Unless it is
 * lasting, the client never connects again by itself, and repeats no command, and commands of one
 * moment share a round trip.
 */
export async function createClient(
  address: RedisAddress,
  { scripts, isLasting = false }: ClientOptions,
  timeoutMs: number,
): Promise<RedisClient> {
  const { Redis, Cluster, Command } = await import('ioredis')
  await guardReplies()
  Command.setReplyTransformer('cluster', checkSlots)
  const { kind, hosts, path, primary, isTls, user, password, database } = address
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
  const once = { lazyConnect: true, enableAutoPipelining: !isLasting, ...(scripts && { scripts }) }
  if (kind === 'cluster') {
    return new Cluster([...hosts], {
      ...once,
      redisOptions: shared,
      clusterRetryStrategy: retry,
      slotsRefreshTimeout: connectMs,
    })
  }
  const own = { ...shared, ...once, db: database, maxRetriesPerRequest: isLasting ? null : 0 }
  if (kind === 'unix') return new Redis({ ...own, path })
  if (kind === 'server') return new Redis({ ...own, ...hosts[0] })
  return new Redis({
    ...own,
    sentinels: [...hosts],
    name: primary,
    enableTLSForSentinelMode: isTls,
    ...(isTls && { sentinelTLS: {} }),
    sentinelRetryStrategy: retry,
    // A silent sentinel would keep its connection, and the process, open
    sentinelCommandTimeout: timeoutMs,
  })
}

/** Number of slots of a cluster. */
const SLOTS = 16_384

/**
 * Returns the reply to CLUSTER SLOTS or INFO. The package believes it blindly.
 * @throws Error if slots do not have the shape that Redis documents
 */
function checkSlots(reply: unknown): unknown {
  const isPlace = (node: unknown) =>
    Array.isArray(node) &&
    // A node that does not know its own name sends null
    (node[0] === null || typeof node[0] === 'string') &&
    isWithin(node[1], 65_535)
  const isRange = (range: unknown) => {
    if (!Array.isArray(range)) return false
    const [first, last, ...nodes] = range as unknown[]
    return isWithin(first, SLOTS - 1) && isWithin(last, SLOTS - 1) && nodes.every(isPlace)
  }
  const isInfo = typeof reply === 'string'
  if (isInfo || (Array.isArray(reply) && reply.length <= SLOTS && reply.every(isRange)))
    return reply
  throw new Error('a node of the cluster describes no valid slots')
}

function isWithin(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most
}
