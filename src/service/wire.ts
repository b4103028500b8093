import type { FastifyInstance } from 'fastify'
import type { Means } from '../core/hash-content.js'
import { buildApp, type AppParts } from './app.js'
import { KEEP_ALIVE, type Handler } from './listen.js'
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

export interface WireParts {
  readonly options: ServiceOptions
  /** The engine's threads must be a pool's, and its work all theirs. */
  readonly means: Means
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
export interface Wired {
  readonly handler: Handler
  readonly close: () => Promise<void>
}

/** Puts the parts together that answer requests. */
export async function wireService(parts: WireParts): Promise<Wired> {
  const { options, means, trackers, log } = parts
  const queue = new HashQueue(parts.maxHashing)
  const desk = new HashDesk({ mirror: options.mirror, means, queue })
  const onDemand = new OnDemand(means.memory, desk)
  const requests = new RequestCounter()
  const lane = makeLane(parts, onDemand, requests)
  const describe = async () => {
    const cacheSize = await parts.cacheSize()
    return formatMetrics(serviceMetrics({ requests, onDemand, desk, queue, trackers, cacheSize }))
  }
  const sender = new TorrentSender(options, lane, trackers.current)
  const { onError } = parts
  const onAnswer: AppParts['onAnswer'] = (request, reply) => {
    const bytes = request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0)
    log.note(request.raw, reply.raw, { milliseconds: reply.elapsedTime, bytes })
    requests.count(request.routeOptions.url ?? 'none', reply.statusCode)
  }
  const app = buildApp({ options, onDemand, sender, describe, onAnswer, onError })
  await app.ready()
  return { handler: laneFirst(lane, app), close: () => app.close() }
}

function makeLane(
  { trackers, log }: WireParts,
  onDemand: OnDemand,
  requests: RequestCounter,
): FastLane {
  return new FastLane({
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
}

function laneFirst(lane: FastLane, app: FastifyInstance): Handler {
  return (request, response) => {
    if (!lane.answer(request, response)) app.routing(request, response)
  }
}
