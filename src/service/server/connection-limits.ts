import type { ClientAddresses } from '../../web/client-address.js'
import { connectionLimitsBy, type ConnectionRules } from '../../web/connection-limits.js'
import type { ConnectionLimits } from '../../web/limit-connections.js'

const RULES: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 20_000,
  // Of one address, or /64 of IPv6: enough for all people behind one
  mostPerClient: 1000,
  // Each download has a file open beside its connection
  filesShare: 1 / 2,
}

/**
 * The bounds of each of the processes, which have about as many connections each; `maxDescriptors` is
 * what each of them may open.
 */
export function connectionLimitsOf(
  clients: ClientAddresses,
  processes: number,
  maxDescriptors: number | null,
): ConnectionLimits {
  const inAll = maxDescriptors === null ? null : maxDescriptors * processes
  return connectionLimitsBy(RULES, clients, { shares: processes, maxDescriptors: inAll })
}
