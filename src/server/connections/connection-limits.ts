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

/** Descriptors for what else is opened, at least. */
const MIN_RESERVE = 64

/** The bounds of a program; `maxDescriptors` is null where the system does not tell. */
export function connectionLimitsBy(
  { most, mostPerClient, filesShare }: ConnectionRules,
  clients: ClientAddresses,
  maxDescriptors: number | null,
): ConnectionLimits {
  const left = (descriptors: number) => {
    return Math.max(2, descriptors - Math.max(MIN_RESERVE, descriptors * filesShare))
  }
  const inAll = maxDescriptors === null ? most : Math.floor(Math.min(most, left(maxDescriptors)))
  return {
    keyOf: (socket) => clients.connectionKey(socket),
    maxPerClient: Math.ceil(Math.min(mostPerClient, inAll / 2)),
    // Of one /48 of IPv6: what one customer of a provider may have
    maxPerNetwork: Math.ceil(inAll / 4),
    maxConnections: inAll,
  }
}
