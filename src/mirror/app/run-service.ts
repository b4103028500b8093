import { orClose } from '../../base/errors.js'
import { decodePercent } from '../../base/percent.js'
import { fastify, type FastifyInstance } from 'fastify'
import { openAccessLog } from '../../server/exchange/log-file.js'
import type { LogFormat } from '../../server/exchange/access-log.js'
import { type Exchange, Exchanges } from '../../server/exchange/exchanges.js'
import { hiddenClients } from '../../server/exchange/hidden-clients.js'
import { isLocal } from '../../core/remote/address-reach.js'
import { CONNECTIONS } from '../../server/connections/connection-limits.js'
import type { Handler } from '../../server/connections/request-turns.js'
import { refuseStopping } from '../../server/connections/refuse-connection.js'
import type { ServerContext } from '../../server/context.js'
import { drainGate } from '../../server/listen/close.js'
import { listenAll, type ServerRules } from '../../server/listen/listen.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { RequestFigures } from '../../server/exchange/request-figures.js'
import type { ServiceLimits } from '../options.js'
import { warnOfPlainSeeds } from '../tree/address.js'
import { HEALTH } from '../pages/status-page.js'
import { ROUTE } from './file-routes.js'
import { type MirrorSettings, openMirror, type OpenMirror } from './open-mirror.js'
import { answerUnknown, mirrorRoutes, sendRefusal } from './routes.js'

/** All settings of the service. */
export interface ServiceSettings extends MirrorSettings {
  readonly places: readonly ListenPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly logFormat: LogFormat
  /** The file of the access log; null to use `writeLog`. */
  readonly logFile: string | null
}

/** The outside world of the service. */
interface ServiceWorld extends ServerContext {
  /** Receives lines of the access log if it has no file. */
  readonly writeLog: (lines: string) => void
  /** Number of lines dropped so far, because nobody read them. */
  readonly droppedLines: () => number
}

/** A service that accepts requests. */
export interface Service
  extends
    Pick<OpenMirror['resources'], 'trackers' | 'hashContext'>,
    Pick<OpenMirror['pages'], 'findFiles'> {
  readonly addresses: readonly string[]
  /** Returns the number of requests that are being answered. */
  readonly underWay: () => number
  /**
   * Stops accepting requests; resolves when those under way have ended or their time is over, and
   * everything is closed.
   */
  readonly stop: () => Promise<void>
  /** Opens the log's file again, if there is one. */
  readonly reopenLog: () => Promise<void>
}

/**
 * Milliseconds that requests may wait for hashing when the service stops: they must be answered
 * before their connections are closed.
 */
const STOP_TIMEOUT = 6_000

/**
 * Opens everything that the service needs, and starts it.
 * @throws NoTrackers; BtkitError if it cannot listen or open its log
 */
export async function runService(settings: ServiceSettings, world: ServiceWorld): Promise<Service> {
  const { clientAddresses, limits } = settings.options
  const { monotonic, droppedLines, onError } = world
  const access = await openAccessLog({ ...settings, clientAddresses }, world)
  const requests = new RequestFigures()
  const report = (exchange: Exchange) => {
    requests.note(exchange)
    access.log.note(exchange)
  }
  const exchanges = new Exchanges(report, { monotonic })
  const connections = () => exchanges.connections
  const server = { requests, connections, droppedLines, onRoute: exchanges.setRoute }
  const opened = await orClose(access.close, () => openMirror(settings, world, server))
  const close = async () => {
    await access.close()
    await opened.resources.close()
  }
  return orClose(close, async () => {
    const app = buildApp(opened)
    await app.ready()
    const noteScheme = warnOfPlainSeeds(settings.options, world.warn)
    const noteHidden = hiddenClients(clientAddresses, isLocal, world.warn)
    let admits: ReturnType<typeof drainGate> | null = null
    const { downloads, responses } = opened.answers
    const handler: Handler = (request, response) => {
      if (admits?.(request) === false) {
        exchanges.begin(request, response)
        refuseStopping(response)
        return
      }
      noteScheme(request)
      noteHidden(request)
      const startedAt = monotonic()
      // An unchanged answer that was sent before needs no router. A file may have the name of a
      // view.
      const isOfFile = downloads.answerNow(response)
      const route = isOfFile ? ROUTE : responses.answer(request, response)
      exchanges.begin(request, response, route ?? undefined, startedAt)
      if (route === null) app.routing(request, response)
    }
    const rules = serverRules(limits)
    const served = { handler, exchanges, rules, connections: CONNECTIONS.mirror, clientAddresses }
    const listening = await listenAll(settings.places, { ...served, tls: settings.tls, onError })
    const endWork = opened.start()
    const stop = async () => {
      admits = drainGate(exchanges, HEALTH)
      const stopped = endWork()
      const timer = setTimeout(opened.resources.interrupt, STOP_TIMEOUT)
      await listening.close()
      clearTimeout(timer)
      await stopped
      await app.close()
      await close()
    }
    const { addresses } = listening
    const underWay = () => exchanges.underWay
    const common = { ...opened.resources, findFiles: opened.pages.findFiles }
    return { ...common, addresses, underWay, reopenLog: access.reopen, stop }
  })
}

/** Builds the application that serves the mirror. */
function buildApp(mirror: OpenMirror): FastifyInstance {
  const { options } = mirror
  const app = fastify({
    bodyLimit: options.limits.maxBody,
    exposeHeadRoutes: false,
    rewriteUrl: routedUrl,
    routerOptions: { maxParamLength: 4096, querystringParser: () => ({}) },
    frameworkErrors: (error, request, reply) => {
      void sendRefusal(request, reply, error, options)
    },
  })
  app.addHook('onRequest', ({ raw, originalUrl }, _reply, done) => {
    raw.url = originalUrl
    done()
  })
  answerUnknown(app, options)
  mirrorRoutes(app, mirror)
  return app
}

/** The address by which the router finds a route: it refuses all bytes that are not UTF-8. */
function routedUrl({ url = '/' }: { readonly url?: string | undefined }): string {
  return decodePercent(url, null) === null ? url.replace(/%[89a-f][\da-f]/gi, '_') : url
}

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
    grace: limits.bodyTimeout,
    prepare: (server) => {
      server.setTimeout(Math.max(STANDSTILL, 2 * limits.wait))
    },
  }
}
