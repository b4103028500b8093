import type { ClientAddresses } from '../../server/connections/client-address.js'
import {
  connectionLimitsBy,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import type { ConnectionLimits } from '../../server/connections/limit-connections.js'

const RULES: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 20_000,
  // Of one address, or /64 of IPv6: enough for all people behind one
  mostPerClient: 1000,
  // Each download has a file open beside its connection
  filesShare: 1 / 2,
}

/** The bounds of the service; `maxDescriptors` is null where the system does not tell. */
export function connectionLimitsOf(
  clients: ClientAddresses,
  maxDescriptors: number | null,
): ConnectionLimits {
  return connectionLimitsBy(RULES, clients, maxDescriptors)
}
