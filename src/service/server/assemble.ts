import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HashContext } from '../../core/digests/hash-content.js'
import { buildApp, type AppParts } from './app.js'
import { Exchanges, type ExchangesParts } from './exchanges.js'
import type { Handler } from './in-turn.js'
import { KEEP_ALIVE } from './listen.js'
import { serviceMetrics } from './service-metrics.js'
import { RootWatch } from '../mirror/root-watch.js'
import type { ServiceOptions } from '../options.js'
import { FileHasher } from '../torrents/file-hasher.js'
import { openAdmission } from '../admission/admission.js'
import { KnownSets, SET_LIMITS } from '../pkgtorrent/known-sets.js'
import { PathSets } from '../pkgtorrent/path-sets.js'
import { Requesters } from '../web/requester.js'
import { OnDemand } from '../torrents/on-demand.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import type { AccessLog } from '../web/access-log.js'
import { ResponseCache } from '../torrents/response-cache.js'
import type { Exchange } from '../web/exchange.js'
import { formatMetrics } from '../web/metrics.js'
import { RequestFigures } from '../web/request-figures.js'
import { TorrentSender } from '../torrents/send.js'

/** The route, in the metrics, of torrents that are asked for again within the second. */
const KEPT = 'kept response'

export interface AssemblyParts {
  readonly options: ServiceOptions
  /** The engine's threads must be a pool's, and its work all theirs. */
  readonly hashContext: HashContext
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
  readonly trackers: TrackerSource
  readonly log: AccessLog
  /** How many lines of the log were dropped so far. */
  readonly droppedLines: () => number
  /** Bytes of the cache's file. */
  readonly cacheSize: () => Promise<number>
  /** Hears what is wrong with the mirror. */
  readonly warn: (message: string) => void
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
}

/** What answers requests, and can be closed. */
export interface AssembledService {
  readonly handler: Handler
  readonly exchanges: Exchanges
  /** Finds out what sets are in the cache, so that they can be bounded. */
  readonly loadSets: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Puts the parts together that answer requests. */
export async function assembleService(parts: AssemblyParts): Promise<AssembledService> {
  const { options, hashContext, trackers, log, monotonic, onError } = parts
  const { cacheAccess } = hashContext
  const admission = openAdmission(options.limits, monotonic)
  const { hashing: queue, runSteps } = admission
  const hashing = { ...hashContext, runSteps }
  const hasher = new FileHasher({ mirror: options.mirror, hashContext: hashing, queue })
  const onDemand = new OnDemand({ ...admission, cacheAccess, hasher, monotonic })
  const requests = new RequestFigures()
  const report = (exchange: Exchange) => {
    requests.note(exchange)
    log.note(exchange)
  }
  const exchanges = new Exchanges({ report, monotonic })
  const responses = createResponseCache(parts, onDemand)
  const describe = async () => {
    const cacheSize = await parts.cacheSize()
    const [droppedLines, { connections }] = [parts.droppedLines(), exchanges]
    const work = { requests, connections, onDemand, hasher, admission, trackers }
    return formatMetrics(serviceMetrics({ ...work, cacheSize, droppedLines }))
  }
  const sender = new TorrentSender(options, responses, trackers.current)
  const requesters = new Requesters(options, admission.memory)
  const { cache } = cacheAccess
  const known = new KnownSets({ cache, limits: SET_LIMITS, monotonic })
  const sets = new PathSets({ ...admission, options, onDemand, known, warn: parts.warn })
  const onRoute: AppParts['onRoute'] = (request, route) => {
    exchanges.setRoute(request, route)
  }
  const root = new RootWatch(options.mirror.root)
  const status = { describe, isRootThere: () => root.isThere() }
  const app = buildApp({ options, sets, sender, requesters, status, onRoute, onError })
  await app.ready()
  const answerKept = keptAnswers({ responses, onDemand, exchanges, report, monotonic })
  const handler: Handler = (request, response) => {
    if (root.hasMoved()) onDemand.expire()
    if (answerKept(request, response)) return
    exchanges.begin(request, response)
    app.routing(request, response)
  }
  return { handler, exchanges, loadSets: () => runSteps(known.load()), close: () => app.close() }
}

function createResponseCache(
  { hashContext, trackers }: AssemblyParts,
  onDemand: OnDemand,
): ResponseCache {
  return new ResponseCache({
    now: hashContext.cacheAccess.now,
    keepAliveSeconds: KEEP_ALIVE / 1000,
    isCurrent: ({ checked, answer }) => {
      return onDemand.isFresh(checked) && answer.trackers === trackers.current()
    },
  })
}

interface KeptAnswersParts extends ExchangesParts {
  readonly responses: ResponseCache
  readonly onDemand: OnDemand
  readonly exchanges: Exchanges
}

/** Answers with what is kept, and reports it at once unless a slow client has yet to take it. */
function keptAnswers({ responses, onDemand, exchanges, report, monotonic }: KeptAnswersParts) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const startedAt = monotonic()
    const answer = responses.answer(request, response)
    if (!answer) return false
    onDemand.origins.memory++
    if (response.socket?.writableLength === 0) {
      const milliseconds = monotonic() - startedAt
      const bytes = answer.body.length
      report({ request, route: KEPT, status: 200, bytes, milliseconds, isComplete: true })
    } else {
      exchanges.begin(request, response)
      exchanges.setRoute(request, KEPT)
    }
    return true
  }
}
