import type { Server, ServerResponse } from 'node:http'
import { startChores } from './chores.js'
import { addressOf, listen, type Handler, type ListenParts, type ListenPlace } from './listen.js'
import { wireService, type WireParts } from './wire.js'

/**
 * When the service stops, in milliseconds: how long requests may wait for files to be hashed, how
 * long they may take to end at all, and how often connections without any are closed.
 */
const PATIENCE = 8_000
const GRACE = 10_000
const SWEEP = 50

export interface ServiceParts extends WireParts {
  readonly places: readonly ListenPlace[]
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
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
  const { options, means, log, onError } = parts
  const wired = await wireService(parts)
  let isStopping = false
  const handler: Handler = (request, response) => {
    if (isStopping) sendStopping(response)
    else wired.handler(request, response)
  }
  const servers = await listenAll(parts.places, { handler, limits: options.limits, onError })
  const endChores = startChores({ ...parts, memory: means.memory })
  const stop = async () => {
    isStopping = true
    endChores()
    const timer = setTimeout(parts.interrupt, PATIENCE)
    await Promise.all(servers.map(closeServer))
    clearTimeout(timer)
    await wired.close()
    log.flush()
  }
  return { addresses: servers.map(addressOf), stop }
}

/** Listens everywhere or nowhere. */
async function listenAll(places: readonly ListenPlace[], parts: ListenParts): Promise<Server[]> {
  const servers: Server[] = []
  try {
    for (const place of places) servers.push(await listen(place, parts))
  } catch (error) {
    await Promise.all(servers.map(closeServer))
    throw error
  }
  return servers
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections()
    }, GRACE)
    // Connections become idle as the requests on them end
    const sweeper = setInterval(() => {
      server.closeIdleConnections()
    }, SWEEP)
    server.close(() => {
      clearTimeout(timer)
      clearInterval(sweeper)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** Answers what still comes on connections that are open. */
function sendStopping(response: ServerResponse): void {
  const headers = { 'Content-Type': 'text/plain', Connection: 'close', 'Retry-After': '10' }
  response.writeHead(503, headers).end('the server is stopping\n')
}
