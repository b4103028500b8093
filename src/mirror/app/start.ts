import { Arrivals } from '../../server/listen/arrivals.js'
import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
} from '../../server/connections/connection-limits.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import { startMirrorTasks } from './mirror-tasks.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { listen, type Listener, type ListenParts } from '../../server/listen/listen.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import { refuseStopping } from '../../server/connections/refuse-connection.js'
import { DrainGate } from '../../server/lifecycle/drain-gate.js'
import { CONNECTIONS, serverRules } from './server-rules.js'
import { HEALTH } from '../status/routes.js'
import type { ServedOptions } from '../options.js'
import { assembleService, type AssemblyParts } from './assemble.js'

/**
 * Milliseconds that requests may wait for hashing when the service stops: they must be answered
 * before their connections are closed.
 */
const STOP_TIMEOUT = 6_000

interface ServiceParts extends Omit<AssemblyParts, 'options'> {
  readonly options: ServedOptions
  readonly places: readonly ListenPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** Milliseconds after which unused records are removed from the cache. */
  readonly unusedFor: number
  /** Most bytes of the cache; null for no limit. */
  readonly cacheMaxSize: number | null
  readonly cacheDirectory: string | null
  /** Ends all hashing. */
  readonly interrupt: () => void
}

/** A service that accepts requests. */
export interface Service {
  readonly addresses: readonly string[]
  /** Stops accepting requests; resolves when those under way have ended or their time is over. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the service.
 * @throws BtkitError if it cannot listen
 */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { options, hashContext, log, onError } = parts
  const { clientAddresses } = options
  const connections = connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors())
  const { keyOf } = connections
  const arrivals = new Arrivals(keyOf)
  const assembled = await assembleService(parts)
  const { exchanges } = assembled
  const gate = new DrainGate(exchanges, HEALTH)
  const handler: Handler = (request, response) => {
    if (gate.admits(request)) {
      assembled.handler(request, response)
    } else {
      exchanges.begin(request, response)
      refuseStopping(response)
    }
  }
  const listeners = await listenAll(parts.places, {
    handler,
    exchanges,
    rules: serverRules({ limits: options.limits, arrivals }),
    keyOf,
    unread: new UnreadBytes(keyOf),
    limitConnections: connectionLimiter(connections),
    tls: parts.tls,
    onError,
  })
  const endPeriodicTasks = startMirrorTasks({ ...parts, ...assembled, ...hashContext })
  assembled.warmer?.start()
  const stop = async () => {
    gate.close()
    const warmerStopped = assembled.warmer?.stop()
    void endPeriodicTasks()
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
