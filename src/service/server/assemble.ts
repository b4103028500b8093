import type { FastifyInstance } from 'fastify'
import type { HashContext } from '../../core/digests/hash-content.js'
import { buildApp, type AppParts } from './app.js'
import { KEEP_ALIVE, type Handler } from './listen.js'
import { serviceMetrics } from './service-metrics.js'
import type { ServiceOptions } from '../options.js'
import { FileHasher } from '../torrents/file-hasher.js'
import { HashQueue } from '../torrents/hash-queue.js'
import { OnDemand } from '../torrents/on-demand.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import type { AccessLog } from '../web/access-log.js'
import { ResponseCache } from '../torrents/response-cache.js'
import { formatMetrics, RequestCounter } from '../web/metrics.js'
import { TorrentSender } from '../torrents/send.js'

export interface AssemblyParts {
  readonly options: ServiceOptions
  /** The engine's threads must be a pool's, and its work all theirs. */
  readonly hashContext: HashContext
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
  /** Hash jobs that may run at once. */
  readonly maxHashing: number
  readonly trackers: TrackerSource
  readonly log: AccessLog
  /** Bytes of the cache's file. */
  readonly cacheSize: () => Promise<number>
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
}

/** What answers requests, and can be closed. */
export interface AssembledService {
  readonly handler: Handler
  readonly close: () => Promise<void>
}

/** Puts the parts together that answer requests. */
export async function assembleService(parts: AssemblyParts): Promise<AssembledService> {
  const { options, hashContext, trackers, log } = parts
  const queue = new HashQueue(parts.maxHashing)
  const hasher = new FileHasher({ mirror: options.mirror, hashContext, queue })
  const onDemand = new OnDemand(hashContext.cacheAccess, hasher, parts.monotonic)
  const requests = new RequestCounter()
  const responses = createResponseCache(parts, onDemand, requests)
  const describe = async () => {
    const cacheSize = await parts.cacheSize()
    return formatMetrics(serviceMetrics({ requests, onDemand, hasher, queue, trackers, cacheSize }))
  }
  const sender = new TorrentSender(options, responses, trackers.current)
  const { onError } = parts
  const onAnswer: AppParts['onAnswer'] = (request, reply) => {
    const bytes = request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0)
    log.note(request.raw, reply.raw, { milliseconds: reply.elapsedTime, bytes })
    requests.count(request.routeOptions.url ?? 'none', reply.statusCode)
  }
  const app = buildApp({ options, onDemand, sender, describe, onAnswer, onError })
  await app.ready()
  return { handler: cachedFirst(responses, app), close: () => app.close() }
}

function createResponseCache(
  { hashContext, trackers, log }: AssemblyParts,
  onDemand: OnDemand,
  requests: RequestCounter,
): ResponseCache {
  return new ResponseCache({
    now: hashContext.cacheAccess.now,
    keepAliveSeconds: KEEP_ALIVE / 1000,
    isCurrent: ({ checked, answer }) => {
      return onDemand.isFresh(checked) && answer.trackers === trackers.current()
    },
    onAnswer: (request, response, { answer }) => {
      onDemand.origins.memory++
      requests.count('kept response', response.statusCode)
      log.note(request, response, { milliseconds: 0, bytes: answer.body.length })
    },
  })
}

function cachedFirst(responses: ResponseCache, app: FastifyInstance): Handler {
  return (request, response) => {
    if (!responses.answer(request, response)) app.routing(request, response)
  }
}
