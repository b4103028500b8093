import { startPeriodicTasks } from './periodic-tasks.js'
import { listen, type Listener, type ListenParts, type ListenPlace } from './listen.js'
import type { Handler } from './in-turn.js'
import { refuseStopping } from '../web/refuse-connection.js'
import { HEALTH } from './status-routes.js'
import { assembleService, type AssemblyParts } from './assemble.js'

/**
 * How long requests may wait for files to be hashed when the service stops, in milliseconds: they
 * must have an answer before they are out of time.
 */
const STOP_TIMEOUT = 6_000

export interface ServiceParts extends AssemblyParts {
  readonly places: readonly ListenPlace[]
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  /** Bytes that the cache may take up; null for any number. */
  readonly cacheMaxSize: number | null
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
  const assembled = await assembleService(parts)
  const { exchanges } = assembled
  let isStopping = false
  const handler: Handler = (request, response) => {
    if (!isStopping || request.url === HEALTH) {
      assembled.handler(request, response)
    } else {
      exchanges.begin(request, response)
      refuseStopping(response)
    }
  }
  const listening = { handler, exchanges, limits: options.limits, onError }
  const listeners = await listenAll(parts.places, listening)
  const endPeriodicTasks = startPeriodicTasks({ ...parts, ...assembled, ...hashContext })
  const stop = async () => {
    isStopping = true
    endPeriodicTasks()
    const timer = setTimeout(parts.interrupt, STOP_TIMEOUT)
    await Promise.all(listeners.map(({ close }) => close()))
    clearTimeout(timer)
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
    await Promise.all(listeners.map(({ close }) => close()))
    throw error
  }
  return listeners
}
