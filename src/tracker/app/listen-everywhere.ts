import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import { openUdp, type UdpServer } from '../udp/udp-server.js'
import type { AssembledTracker } from './assemble.js'
import { listenHttp, type HttpListener } from './http-listener.js'
import type { TrackerSettings } from './settings.js'

/** The bounds of connections to the tracker. */
export const CONNECTIONS: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 10_000,
  // Of one address, or /64 of IPv6: enough for all peers behind one
  mostPerClient: 500,
  // Such as torrents: a tracker that is full of connections still saves its state
  filesShare: 1 / 4,
}

/** All that listens. */
export interface Listening {
  /** Such as `http://127.0.0.1:6969` and `udp://127.0.0.1:6969`, or the path of a Unix socket. */
  readonly addresses: readonly string[]
  readonly close: () => Promise<void>
}

/**
 * Listens everywhere or nowhere.
 * @throws BtkitError when it can't listen somewhere
 */
export async function listenEverywhere(
  settings: Pick<TrackerSettings, 'places' | 'udpPlaces' | 'clientAddresses' | 'tls'>,
  { handler, onRefused, udp }: Pick<AssembledTracker, 'handler' | 'onRefused' | 'udp'>,
  onError: (error: unknown) => void,
): Promise<Listening> {
  const { places, udpPlaces, clientAddresses, tls } = settings
  const limits = connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors())
  const { keyOf } = limits
  const limitConnections = connectionLimiter(limits)
  const listeners: HttpListener[] = []
  const sockets: UdpServer[] = []
  const addresses: string[] = []
  const close = async () => {
    await Promise.all([...listeners, ...sockets].map((each) => each.close()))
  }
  try {
    let got = 0
    for (const place of places) {
      const isTaken = 'port' in place && place.port === 0 && got !== 0
      const listener = await listenHttp(isTaken ? { ...place, port: got } : place, {
        handler,
        onRefused,
        keyOf,
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
      const server = await openUdp(isTaken ? { ...place, port: got } : place, {
        answers: udp,
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
