import type { Server, ServerResponse } from 'node:http'
import type { Means } from '../core/hash-content.js'
import { buildApp } from './app.js'
import { startChores } from './chores.js'
import {
  addressOf,
  KEEP_ALIVE,
  listen,
  type Handler,
  type ListenParts,
  type ListenPlace,
} from './listen.js'
import { serviceMetrics } from './service-metrics.js'
import type { ServiceOptions } from './service-options.js'
import { HashDesk } from './torrents/hash-desk.js'
import { HashQueue } from './torrents/hash-queue.js'
import { OnDemand } from './torrents/on-demand.js'
import type { TrackerSource } from './torrents/tracker-source.js'
import type { AccessLog } from './web/access-log.js'
import { FastLane } from './web/fast-lane.js'
import { formatMetrics, RequestCounter } from './web/metrics.js'
import { TorrentSender } from './web/send-torrent.js'

/**
 * When the service stops, in milliseconds: how long requests may wait for files to be hashed, how
 * long they may take to end at all, and how often connections without any are closed.
 */
const PATIENCE = 8_000
const GRACE = 10_000
const SWEEP = 50

export interface ServiceParts {
  readonly options: ServiceOptions
  readonly places: readonly ListenPlace[]
  /** The engine's threads must be a pool's, and its work all theirs. */
  readonly means: Means
  /** Hash jobs that may run at once. */
  readonly maxHashing: number
  readonly trackers: TrackerSource
  readonly log: AccessLog
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  /** Ends all hashing. */
  readonly interrupt: () => void
  /** Bytes of the cache's file. */
  readonly cacheSize: () => Promise<number>
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
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
  const { options, means, trackers, log, onError } = parts
  const queue = new HashQueue(parts.maxHashing)
  const desk = new HashDesk({ mirror: options.mirror, means, queue })
  const onDemand = new OnDemand(means.memory, desk)
  const requests = new RequestCounter()
  const lane = new FastLane({
    keepAliveSeconds: KEEP_ALIVE / 1000,
    isCurrent: ({ checked, answer }) => {
      return onDemand.isFresh(checked) && answer.trackers === trackers.current()
    },
    onAnswer: (request, response, { answer }) => {
      onDemand.origins.memory++
      requests.count('fast lane', response.statusCode)
      log.note(request, response, { milliseconds: 0, bytes: answer.body.length })
    },
  })
  const describe = async () => {
    const cacheSize = await parts.cacheSize()
    return formatMetrics(serviceMetrics({ requests, onDemand, desk, queue, trackers, cacheSize }))
  }
  const sender = new TorrentSender(options, lane, trackers.current)
  const app = buildApp({ options, onDemand, sender, log, requests, describe, onError })
  await app.ready()
  let isStopping = false
  const handler: Handler = (request, response) => {
    if (isStopping) sendStopping(response)
    else if (!lane.answer(request, response)) app.routing(request, response)
  }
  const servers = await listenAll(parts.places, { handler, limits: options.limits, onError })
  const endChores = startChores({ ...parts, memory: means.memory })
  const stop = async () => {
    isStopping = true
    endChores()
    const timer = setTimeout(parts.interrupt, PATIENCE)
    await Promise.all(servers.map(closeServer))
    clearTimeout(timer)
    await app.close()
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
