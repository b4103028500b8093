import type { ClientAddresses } from '../../server/connections/client-address.js'
import {
  connectionLimitsBy,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import type { ConnectionLimits } from '../../server/connections/limit-connections.js'

const RULES: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 10_000,
  // Of one address, or /64 of IPv6: enough for all peers behind one
  mostPerClient: 500,
  // Such as torrents: a tracker that is full of connections still saves its state
  filesShare: 1 / 4,
}

/** The bounds of the tracker; `maxDescriptors` is null where the system does not tell. */
export function connectionLimitsOf(
  clients: ClientAddresses,
  maxDescriptors: number | null,
): ConnectionLimits {
  return connectionLimitsBy(RULES, clients, maxDescriptors)
}
