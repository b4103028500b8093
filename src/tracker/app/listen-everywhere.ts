import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
} from '../../server/connections/connection-limits.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import { listen, type Listener } from '../../server/listen/listen.js'
import { openUdp, type UdpServer } from '../udp/udp-server.js'
import type { AssembledTracker } from './assemble.js'
import { CONNECTIONS, SERVER_RULES } from './server-rules.js'
import type { TrackerSettings } from './settings.js'

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
