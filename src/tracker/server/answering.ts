import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessLog } from '../../web/access-log.js'
import type { ForeignPeers } from '../answers/foreign-peers.js'
import { TrackerAnswers } from '../answers/tracker-answers.js'
import { TrackerCalls, type SharingRules } from '../answers/tracker-calls.js'
import { Aggregation, type AggregationSettings } from '../http/aggregation.js'
import { FullScrape } from '../http/full-scrape.js'
import { TrackerRoutes } from '../http/tracker-routes.js'
import { ConnectionIds } from '../protocol/connection-ids.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { UdpAnswers } from '../udp/udp-answers.js'
import type { AnswerPage } from './answer-pages.js'
import type { HttpListenerParts } from './http-listener.js'
import { noteExchange, noteRefusal } from './note-exchange.js'
import { PageRoutes } from './page-routes.js'
import { makeRules, type RulesParts } from './rules.js'
import type { TrackerFigures } from './tracker-figures.js'

export interface AnsweringParts extends Omit<RulesParts, 'hasSwarm'> {
  readonly store: SwarmStore
  readonly figures: TrackerFigures
  /** What connection ids of UDP are made with. */
  readonly idSecret: Uint8Array
  readonly sharing: SharingRules
  readonly aggregation: AggregationSettings
  /** Whether a torrent has an announce list, by its info hash in hexadecimal. */
  readonly isListed: (infoHash: string) => boolean
  /** Peers that other trackers told of; null when they are not asked. */
  readonly foreign: ForeignPeers | null
  /** Answers on this thread, or asks the one that has the pages. */
  readonly answerPage: AnswerPage
  /** Under which address clients reach the tracker; null: what they ask for. */
  readonly publicUrl: string | null
  /** Null when nothing is logged. */
  readonly log: AccessLog | null
  /** The client's address; null where nobody knows it. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
  readonly onError: (error: unknown) => void
}

/** What answers requests, on each thread. */
export interface Answering {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
  /** Hears of what was no request. */
  readonly onRefused: HttpListenerParts['onRefused']
  readonly udp: UdpAnswers
}

/** Puts together what answers requests of all kinds from one store, the same on all threads. */
export function assembleAnswering(parts: AnsweringParts): Answering {
  const { store, figures, foreign, monotonic, addresses, addressOf, log } = parts
  const hasSwarm = (infoHash: Uint8Array) => store.scrape(infoHash) !== null
  const rules = makeRules({ ...parts, hasSwarm })
  const answers = new TrackerAnswers(store, () => rules, foreign)
  const routes = new TrackerRoutes({
    answers,
    fullScrape: new FullScrape(answers, monotonic),
    aggregation: new Aggregation(parts.aggregation),
    trackerCalls: new TrackerCalls({ ...parts, answers, rules: parts.sharing }),
    addressOf,
    now: parts.now,
    note: (answered) => {
      figures.note('http', answered)
    },
  })
  const udp = new UdpAnswers({
    answers,
    ids: new ConnectionIds(parts.idSecret),
    now: () => monotonic() / 1000,
    note: (answered) => {
      figures.note('udp', answered)
    },
  })
  const pageRoutes = new PageRoutes({
    ...parts,
    permits: (request) => addresses.isOpen || addresses.permits(addressOf(request)),
  })
  const handler: Answering['handler'] = (request, response) => {
    if (log) noteExchange({ request, response, log, monotonic })
    if (routes.handle(request, response)) return
    figures.note('http', 'page')
    pageRoutes.handle(request, response)
  }
  const onRefused: Answering['onRefused'] = (socket, refusal) => {
    if (log) noteRefusal(log, socket, refusal)
  }
  return { handler, onRefused, udp }
}
