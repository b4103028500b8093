import { closeStalled } from '../../server/connections/connections.js'
import type { ConnectionRules } from '../../server/connections/connection-limits.js'
import type { ServerRules } from '../../server/listen/listen.js'

/** Limits for connections to the tracker. */
export const CONNECTIONS: ConnectionRules = {
  // An incomplete request takes up to 20 KB of memory
  most: 10_000,
  // Per address, or per /64 of IPv6: enough for all peers behind one address
  mostPerClient: 500,
  // Leaves descriptors for other files: a tracker full of connections can still save its state
  filesShare: 1 / 4,
}

/** Milliseconds within which a client must send its request. */
const REQUEST_TIMEOUT = 10_000

/** Milliseconds after which an idle connection is closed. */
const KEEP_ALIVE = 15_000

/**
 * Milliseconds after which a client that reads nothing of its answer is cut off: see
 * `closeStalled`.
 */
const STANDSTILL = 20_000

/**
 * The largest request in bytes. An announce has some hundred; a scrape of many torrents, thousands.
 */
const MAX_REQUEST = 8 * 1024

/** Timeouts and limits of the tracker's HTTP servers. */
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

/** Scheme and host of an absolute request target, which servers must accept (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** Path and query of a request target. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const form = target.replace(ORIGIN, '')
  return form === target || form.startsWith('/') ? form : `/${form}`
}
