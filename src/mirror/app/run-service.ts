import { openTrackers, type TrackerSource, type TrackersWanted } from '../torrents/trackers.js'
import { AccessLog, type LogFormat } from '../../server/exchange/access-log.js'
import { openLogSink } from '../../server/exchange/log-file.js'
import type { ServedOptions, ServiceLimits } from '../options.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { openResources, type Resources, startMirrorTasks } from './resources.js'
import type { ServerContext } from '../../server/context.js'
import {
  connectionLimiter,
  maxDescriptors,
  connectionLimits,
  type ConnectionRules,
} from '../../server/connections/connection-limits.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import {
  listen,
  type Listener,
  type ListenParts,
  type ServerRules,
} from '../../server/listen/listen.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import { refuseStopping } from '../../server/connections/refuse-connection.js'
import { DrainGate } from '../../server/listen/close.js'
import { HEALTH } from '../status/status-page.js'
import { assembleMirror, type MirrorParts } from './assemble-mirror.js'
import { type Exchange, Exchanges } from '../../server/exchange/exchanges.js'
import { keptAnswers } from '../torrents/response-cache.js'
import { RequestFigures } from '../../server/metrics/request-figures.js'
import type { Warmer } from '../warm/warmer.js'
import { fastify, type FastifyInstance } from 'fastify'
import { answerUnknown, mirrorRoutes, sendAsWanted, type RouteParts } from './routes.js'

/** All settings of the service. */
export interface ServiceSettings extends Resources {
  readonly options: ServedOptions
  readonly cacheDirectory: string | null
  readonly places: readonly ListenPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly trackers: TrackersWanted
  /** Milliseconds after which unused records are removed from the cache. */
  readonly unusedFor: number
  /** Most bytes of the cache; null for no limit. */
  readonly cacheMaxSize: number | null
  readonly logFormat: LogFormat
  /** The file of the access log; null to use `writeLog`. */
  readonly logFile: string | null
}

/** The outside world of the service. */
export interface ServiceWorld extends ServerContext {
  /** Receives lines of the access log if it has no file. */
  readonly writeLog: (lines: string) => void
  /** Number of lines dropped so far, because nobody read them. */
  readonly droppedLines: () => number
}

/** A service with everything that it holds open. */
export interface RunningService extends Service {
  /** The current trackers of torrents. */
  readonly trackers: TrackerSource
  /** Opens the log's file again, if there is one. */
  readonly reopenLog: () => Promise<void>
}

/**
 * Opens everything that the service needs, and starts it. Stopping it closes everything.
 * @throws NoTrackers; BtkitError if it cannot listen or open its log
 */
export async function runService(
  settings: ServiceSettings,
  world: ServiceWorld,
): Promise<RunningService> {
  const trackers = await openTrackers(settings.trackers, world.warn)
  const sink = await openLogSink({ ...world, logFile: settings.logFile })
  const log = new AccessLog({
    format: settings.logFormat,
    clientAddresses: settings.options.clientAddresses,
    now: world.now,
    write: (lines) => {
      sink.write(lines)
    },
  })
  const resources = await openResources(settings, world)
  try {
    const given = { ...settings, ...resources, trackers, log }
    const service = await startService({ ...world, ...given })
    const stop = async () => {
      await service.stop()
      await sink.close()
      await resources.close()
    }
    return { ...service, trackers, reopenLog: () => sink.reopen(), stop }
  } catch (error) {
    await sink.close()
    await resources.close()
    throw error
  }
}

/**
 * Milliseconds that requests may wait for hashing when the service stops: they must be answered
 * before their connections are closed.
 */
const STOP_TIMEOUT = 6_000

interface ServiceParts
  extends
    Omit<AssemblyParts, 'options'>,
    Omit<ServiceSettings, keyof Resources | 'trackers' | 'logFormat' | 'logFile'> {
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
async function startService(parts: ServiceParts): Promise<Service> {
  const { options, hashContext, log, onError } = parts
  const { clientAddresses } = options
  const connections = connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors())
  const { keyOf } = connections
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
    rules: serverRules(options.limits),
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

interface AssemblyParts extends Omit<MirrorParts, 'requests' | 'connections' | 'onRoute'> {
  readonly log: AccessLog
}

/** A service that answers requests and can be closed. */
interface AssembledService {
  readonly handler: Handler
  readonly exchanges: Exchanges
  /** Hashes ahead; must be started and stopped. Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
  readonly close: () => Promise<void>
}

/** Creates the parts that answer requests on the service's own servers. */
async function assembleService(parts: AssemblyParts): Promise<AssembledService> {
  const { log, monotonic } = parts
  const requests = new RequestFigures()
  const report = (exchange: Exchange) => {
    requests.note(exchange)
    log.note(exchange)
  }
  const exchanges = new Exchanges(report, { monotonic })
  const mirror = assembleMirror({
    ...parts,
    requests,
    connections: () => exchanges.connections,
    onRoute: (request, route) => {
      exchanges.setRoute(request, route)
    },
  })
  const { warmer, responses, onDemand } = mirror
  const app = buildApp(mirror.routes)
  await app.ready()
  const onKept = () => {
    onDemand.origins.memory++
  }
  const answerKept = keptAnswers({ responses, onKept, exchanges, report, monotonic })
  const handler: Handler = (request, response) => {
    mirror.followRoot()
    if (answerKept(request, response)) return
    exchanges.begin(request, response)
    app.routing(request, response)
  }
  return { handler, exchanges, warmer, close: () => app.close() }
}

/** Builds the application that serves only the mirror. */
function buildApp(parts: RouteParts): FastifyInstance {
  const app = fastify({
    bodyLimit: parts.options.limits.maxBody,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096, querystringParser: () => ({}) },
    frameworkErrors: (error, request, reply) => {
      sendAsWanted(request, reply, { error, options: parts.options })
    },
  })
  app.register((scope, _options, done) => {
    answerUnknown(scope, parts)
    mirrorRoutes(scope, parts, done)
  })
  return app
}

/** The limits of connections to the mirror. */
export const CONNECTIONS: ConnectionRules = {
  // Half a request takes up to 20 KB of memory
  most: 20_000,
  // For one address, or /64 of IPv6: enough for all people behind one
  mostPerClient: 1000,
  // Each download opens a file beside its connection
  filesShare: 1 / 2,
}

/** libtorrent sends a request for each file of a piece at once; there may be thousands. */
const MAX_WAITING = 100

/** Milliseconds after which a connection without a request is closed. */
const KEEP_ALIVE = 30_000

/** Milliseconds after which a connection without progress is closed. */
const STANDSTILL = 120_000

/** How the mirror's servers treat connections and requests. */
function serverRules(limits: ServiceLimits): ServerRules {
  return {
    options: {
      headersTimeout: limits.headerTimeout,
      requestTimeout: limits.headerTimeout + limits.bodyTimeout,
      keepAliveTimeout: KEEP_ALIVE,
    },
    maxWaiting: MAX_WAITING,
    grace: limits.bodyTimeout,
    prepare: (server) => {
      server.setTimeout(Math.max(STANDSTILL, 2 * limits.wait))
    },
  }
}
