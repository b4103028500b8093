import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import { closeStalled } from '../../server/connections/connections.js'
import { listen, type Listener, type ServerRules } from '../../server/listen/listen.js'
import { openUdp, type UdpServer } from '../udp/udp-server.js'
import type { AssembledTracker } from './assemble-tracker.js'
import type { TrackerSettings } from './settings.js'

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

/** All open listeners. */
export interface Listening {
  /** URLs such as `http://127.0.0.1:6969` and `udp://127.0.0.1:6969`, or paths of Unix sockets. */
  readonly addresses: readonly string[]
  readonly close: () => Promise<void>
}

/**
 * Listens at all places. If one fails, the others are closed.
 * @throws BtkitError if it cannot listen somewhere
 */
export async function listenEverywhere(
  settings: Pick<TrackerSettings, 'places' | 'udpPlaces' | 'clientAddresses' | 'tls'>,
  { handler, exchanges, udp }: Pick<AssembledTracker, 'handler' | 'exchanges' | 'udp'>,
  onError: (error: unknown) => void,
): Promise<Listening> {
  const { places, udpPlaces, clientAddresses, tls } = settings
  const limits = connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors())
  const { keyOf } = limits
  const limitConnections = connectionLimiter(limits)
  const unread = new UnreadBytes(keyOf)
  const listeners: Listener[] = []
  const sockets: UdpServer[] = []
  const addresses: string[] = []
  const close = async () => {
    await Promise.all([...listeners, ...sockets].map((each) => each.close()))
  }
  try {
    let got = 0
    for (const place of places) {
      const isTaken = 'port' in place && place.port === 0 && got !== 0
      const listener = await listen(isTaken ? { ...place, port: got } : place, {
        handler,
        exchanges,
        rules: SERVER_RULES,
        keyOf,
        unread,
        limitConnections,
        tls,
        onError,
      })
      listeners.push(listener)
      addresses.push(listener.address)
      got = listener.port ?? got
    }
    for (const place of udpPlaces) {
      const isTaken = 'port' in place && place.port === 0
      const server = await openUdp(isTaken ? { ...place, port: got } : place, udp, {
        onError,
      })
      sockets.push(server)
      addresses.push(server.address)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { addresses, close }
}
