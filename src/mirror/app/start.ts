import { Arrivals } from '../../server/listen/arrivals.js'
import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import { startPeriodicTasks } from './periodic-tasks.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { listen, type Listener, type ListenParts } from './listen.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import { refuseStopping } from '../../server/connections/refuse-connection.js'
import { DrainGate } from './drain-gate.js'
import { assembleService, type AssemblyParts } from './assemble.js'

/**
 * How long requests may wait for files to be hashed when the service stops, in milliseconds: they
 * must have an answer before they are out of time.
 */
const STOP_TIMEOUT = 6_000

/** The bounds of connections to the mirror. */
export const CONNECTIONS: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 20_000,
  // Of one address, or /64 of IPv6: enough for all people behind one
  mostPerClient: 1000,
  // Each download has a file open beside its connection
  filesShare: 1 / 2,
}

interface ServiceParts extends Omit<AssemblyParts, 'isPressed'> {
  readonly places: readonly ListenPlace[]
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  /** Bytes that the cache may take up; null for any number. */
  readonly cacheMaxSize: number | null
  readonly cacheDirectory: string
  /** Ends all hashing. */
  readonly interrupt: () => void
}

/** A service that takes requests. */
export interface Service {
  readonly addresses: readonly string[]
  /** Takes no further requests, and resolves when those under way are done or out of time. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the service.
 * @throws BtkitError when it can't listen
 */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { options, hashContext, log, onError } = parts
  const { limits, clientAddresses } = options
  const arrivals = new Arrivals((socket) => clientAddresses.connectionKey(socket))
  const assembled = await assembleService({ ...parts, isPressed: () => arrivals.isPressing })
  const { exchanges } = assembled
  const gate = new DrainGate(exchanges)
  const handler: Handler = (request, response) => {
    if (gate.admits(request)) {
      assembled.handler(request, response)
    } else {
      exchanges.begin(request, response)
      refuseStopping(response)
    }
  }
  const limitConnections = connectionLimiter(
    connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors()),
  )
  const { tls } = parts
  const given = {
    handler,
    exchanges,
    limits,
    clientAddresses,
    limitConnections,
    arrivals,
    tls,
    onError,
  }
  const listeners = await listenAll(parts.places, given)
  const endPeriodicTasks = startPeriodicTasks({ ...parts, ...assembled, ...hashContext })
  assembled.warmer?.start()
  const stop = async () => {
    gate.close()
    const warmerStopped = assembled.warmer?.stop()
    endPeriodicTasks()
    const timer = setTimeout(parts.interrupt, STOP_TIMEOUT)
    await closeAll(listeners)
    clearTimeout(timer)
    await warmerStopped
    await assembled.close()
    log.flush()
  }
  return { addresses: listeners.map(({ address }) => address), stop }
}

/** Listens everywhere or nowhere. */
async function listenAll(places: readonly ListenPlace[], parts: ListenParts): Promise<Listener[]> {
  const listeners: Listener[] = []
  try {
    for (const place of places) listeners.push(await listen(place, parts))
  } catch (error) {
    await closeAll(listeners)
    throw error
  }
  return listeners
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map(({ close }) => close()))
}
