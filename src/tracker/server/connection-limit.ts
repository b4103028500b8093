import type { ClientAddresses } from '../../web/client-address.js'
import type { ConnectionLimits } from '../../web/limit-connections.js'

/** Half a request takes up to 20 KB of memory. */
const MAX_CONNECTIONS = 10_000

/** Connections of one address, or /64 of IPv6: enough for all peers behind one. */
const MAX_PER_CLIENT = 500

/** Descriptors for what else the tracker opens, such as torrents and its state, at least. */
const MIN_RESERVE = 64

/**
 * The bounds of each of the threads, which have about as many connections each. A quarter of the
 * descriptors is left for files: a tracker that is full of connections still saves its state.
 */
export function connectionLimitsOf(
  clients: ClientAddresses,
  { threads, maxDescriptors }: { readonly threads: number; readonly maxDescriptors: number | null },
): ConnectionLimits {
  const inAll = maxDescriptors === null ? MAX_CONNECTIONS : maxConnections(maxDescriptors)
  return {
    keyOf: (socket) => clients.connectionKey(socket),
    maxPerClient: Math.ceil(Math.min(MAX_PER_CLIENT, inAll / 2) / threads),
    maxConnections: Math.ceil(inAll / threads),
  }
}

function maxConnections(descriptors: number): number {
  const left = descriptors - Math.max(MIN_RESERVE, descriptors / 4)
  return Math.floor(Math.min(MAX_CONNECTIONS, Math.max(2, left)))
}
