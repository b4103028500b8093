import type { ConnectionRules } from '../../server/connections/connection-limits.js'
import type { Arrivals } from '../../server/listen/arrivals.js'
import type { ServerRules } from '../../server/listen/listen.js'
import type { ServiceLimits } from '../options.js'

/** The limits of connections to the mirror. */
export const CONNECTIONS: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 20_000,
  // For one address, or /64 of IPv6: enough for all people behind one
  mostPerClient: 1000,
  // Each download opens a file beside its connection
  filesShare: 1 / 2,
}

/** libtorrent sends a request for each file of a piece at once; there may be thousands. */
const MAX_WAITING = 100

/** Milliseconds after which a connection without a request is closed. */
const KEEP_ALIVE = 30_000

/** Milliseconds after which a connection without progress is closed. */
const STANDSTILL = 120_000

interface RulesParts {
  readonly limits: Pick<ServiceLimits, 'headerTimeout' | 'bodyTimeout' | 'wait'>
  /** Decides which connections are read next. */
  readonly arrivals: Arrivals
}

/** How the mirror's servers treat connections and requests. */
export function serverRules({ limits, arrivals }: RulesParts): ServerRules {
  return {
    options: {
      headersTimeout: limits.headerTimeout,
      requestTimeout: limits.headerTimeout + limits.bodyTimeout,
      keepAliveTimeout: KEEP_ALIVE,
    },
    maxWaiting: MAX_WAITING,
    grace: limits.bodyTimeout,
    prepare: (server) => {
      server.setTimeout(Math.max(STANDSTILL, 2 * limits.wait))
      arrivals.receive(server)
    },
  }
}
