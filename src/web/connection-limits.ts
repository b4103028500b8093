import type { ClientAddresses } from './client-address.js'
import type { ConnectionLimits } from './limit-connections.js'

/** What bounds the connections of a program. */
export interface ConnectionRules {
  /** The most of all clients together. */
  readonly most: number
  /** The most of one client. */
  readonly mostPerClient: number
  /** The part of the descriptors that is left for files. */
  readonly filesShare: number
}

/** Among how many they are shared out, and how many descriptors all of these may have. */
export interface ConnectionShares {
  readonly shares: number
  /** Null where the system does not tell. */
  readonly maxDescriptors: number | null
}

/** Descriptors for what else is opened, at least. */
const MIN_RESERVE = 64

/** The bounds of each of those that share the connections, and have about as many each. */
export function connectionLimitsBy(
  { most, mostPerClient, filesShare }: ConnectionRules,
  clients: ClientAddresses,
  { shares, maxDescriptors }: ConnectionShares,
): ConnectionLimits {
  const left = (descriptors: number) => {
    return Math.max(2, descriptors - Math.max(MIN_RESERVE, descriptors * filesShare))
  }
  const inAll = maxDescriptors === null ? most : Math.floor(Math.min(most, left(maxDescriptors)))
  return {
    keyOf: (socket) => clients.connectionKey(socket),
    maxPerClient: Math.ceil(Math.min(mostPerClient, inAll / 2) / shares),
    maxConnections: Math.ceil(inAll / shares),
  }
}
