import { closeStalled } from '../../server/connections/connections.js'
import type { ConnectionRules } from '../../server/connections/connection-limits.js'
import type { ServerRules } from '../../server/listen/listen.js'

/** The bounds of connections to the tracker. */
export const CONNECTIONS: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 10_000,
  // Of one address, or /64 of IPv6: enough for all peers behind one
  mostPerClient: 500,
  // Such as torrents: a tracker that is full of connections still saves its state
  filesShare: 1 / 4,
}

/** Milliseconds in which a client must have sent its request. */
const REQUEST_TIMEOUT = 10_000

/** A connection that nothing was asked on for so long is closed, in milliseconds. */
const KEEP_ALIVE = 15_000

/** How long a client may take nothing of its answer, in milliseconds; see `closeStalled`. */
const STANDSTILL = 20_000

/** Bytes of a request: an announce has some hundred, a scrape of many torrents thousands. */
const MAX_REQUEST = 8 * 1024

/** How the tracker's servers treat connections and requests. */
export const SERVER_RULES: ServerRules = {
  options: {
    maxHeaderSize: MAX_REQUEST,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
  },
  maxWaiting: 16,
  grace: REQUEST_TIMEOUT,
  prepare: (server) => {
    closeStalled(server, STANDSTILL)
  },
}

/** The scheme and host of a request's target, which servers have to take as well (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** The path and query of a request's target. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const form = target.replace(ORIGIN, '')
  return form === target || form.startsWith('/') ? form : `/${form}`
}
