import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessLog } from '../../server/exchange/access-log.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import { formatMetrics } from '../../server/metrics/metrics.js'
import { TrackerAnswers } from '../answers/tracker-answers.js'
import { FullScrape } from '../http/full-scrape.js'
import { TrackerRoutes } from '../http/tracker-routes.js'
import type { History } from '../history.js'
import { ConnectionIds } from '../protocol/connection-ids.js'
import { isLocal } from '../protocol/local-address.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { UdpAnswers } from '../udp/udp-answers.js'
import type { AccessLists } from './access-lists.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import { PageRoutes, type PageRoutesParts } from './page-routes.js'
import { openPages } from './open-pages.js'
import { makeRules } from './rules.js'
import { originForm } from './server-rules.js'
import type { AnsweringSettings } from './settings.js'
import type { StateSaver } from './state-saver.js'
import { type SharedFigures, TrackerFigures, trackerMetrics } from './tracker-figures.js'
import type { ServerContext } from '../../server/context.js'

export interface AssemblyParts extends ServerContext {
  readonly settings: AnsweringSettings
  readonly store: SwarmStore
  /** The swarms that this process has in memory, all of them or what it saw itself. */
  readonly memory: SwarmStore
  readonly admitted: AccessLists
  /** The secret from which UDP connection ids are derived, and their clock in seconds. */
  readonly idSecret: Uint8Array
  readonly idClock: () => number
  /** Whether Redis answers for all trackers; null if swarms are not shared. */
  readonly shared: SharedFigures | null
  readonly favicon: Uint8Array | null
  /** The counts of the past, for charts. */
  readonly history: History
  /** Null if nothing is logged. */
  readonly log: AccessLog | null
  /** Supplies the time of the last save and the number of failed ones. */
  readonly saver: Pick<StateSaver, 'savedAt' | 'failures'>
}

/** The parts of a tracker that answer requests. */
export interface AssembledTracker {
  /** Answers a request over HTTP, possibly later. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** The same on the tracker's own servers, with the log. */
  readonly handler: Handler
  /** Records requests for the log. */
  readonly exchanges: Exchanges
  readonly udp: UdpAnswers
}

/** Connects the parts that answer requests, all from one store. */
export function assembleTracker(parts: AssemblyParts): AssembledTracker {
  const { log, monotonic } = parts
  const { torrents } = parts.admitted
  const figures = new TrackerFigures()
  const pages = openPages({ ...parts, torrents })
  const answers = openAnswers(parts)
  const routes = openRoutes(parts, answers, figures)
  const pageRoutes = openPageRoutes(parts, pages, figures)
  const udp = new UdpAnswers({
    answers,
    ids: new ConnectionIds(parts.idSecret),
    now: parts.idClock,
    note: (answered) => {
      figures.note('udp', answered)
    },
  })
  const exchanges = new Exchanges((exchange) => log?.note(exchange), { monotonic })
  const answer: AssembledTracker['answer'] = (request, response) => {
    request.url = originForm(request.url ?? '')
    if (routes.handle(request, response)) return
    figures.note('http', 'page')
    pageRoutes.handle(request, response)
  }
  const handler: Handler = (request, response) => {
    if (log) exchanges.begin(request, response)
    answer(request, response)
  }
  return { answer, handler, exchanges, udp }
}

function openAnswers({ settings, store, memory, admitted }: AssemblyParts): TrackerAnswers {
  const hasSwarm = (infoHash: Uint8Array) => memory.scrape(infoHash) !== null
  const rules = makeRules({ ...admitted, settings: settings.answers, hasSwarm })
  return new TrackerAnswers(store, () => rules)
}

/** Creates the routes for announces and scrapes over HTTP. */
function openRoutes(
  { settings, monotonic, warn }: AssemblyParts,
  answers: TrackerAnswers,
  figures: TrackerFigures,
): TrackerRoutes {
  return new TrackerRoutes({
    answers,
    fullScrape: new FullScrape(answers, monotonic),
    addressOf: (request) => settings.clientAddresses.of(request),
    isOwnRequest: ownRequests(settings.clientAddresses, warn),
    note: (answered) => {
      figures.note('http', answered)
    },
  })
}

/** Tells which requests clients sent directly. Warns once if a nearby proxy hides its clients. */
function ownRequests(
  clients: AnsweringSettings['clientAddresses'],
  warn: (message: string) => void,
) {
  let isTold = false
  return (request: IncomingMessage): boolean => {
    const isOwn = clients.isOwnRequest(request)
    const client = isOwn || isTold ? undefined : clients.of(request)
    if (client === null || (client !== undefined && isLocal(client))) {
      isTold = true
      const needed = `X-Forwarded-For from it, and --trust-proxy ${client ?? 'unix'}`
      warn(`clients of the proxy at ${client ?? 'a Unix socket'} count as one: needs ${needed}`)
    }
    return isOwn
  }
}

function openPageRoutes(
  { settings, store, shared, admitted, favicon, saver, onError }: AssemblyParts,
  pages: PageRoutesParts['pages'],
  figures: TrackerFigures,
): PageRoutes {
  const { torrents, addresses } = admitted
  const { publicUrl, prefix, clientAddresses } = settings
  const describe = () => {
    const known = torrents.torrents.size
    const measured = { totals: store.totals(), knownTorrents: known, saver, shared }
    return formatMetrics(trackerMetrics({ ...measured, figures }))
  }
  return new PageRoutes({
    ...{ pages, favicon, describe },
    publicUrl,
    prefix,
    addressOf: (request) => clientAddresses.of(request),
    permits: (address) => addresses.permits(address),
    onError,
  })
}
