import type { IncomingMessage } from 'node:http'
import type { ForeignPeers } from '../answers/foreign-peers.js'
import { TrackerAnswers } from '../answers/tracker-answers.js'
import { TrackerCalls, type SharingRules } from '../answers/tracker-calls.js'
import { Aggregation, type AggregationSettings } from '../http/aggregation.js'
import { FullScrape } from '../http/full-scrape.js'
import { TrackerRoutes } from '../http/tracker-routes.js'
import { ConnectionIds } from '../protocol/connection-ids.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { UdpAnswers } from '../udp/udp-answers.js'
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
  /** The client's address; null where nobody knows it. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
}

/** What answers announces and scrapes, on each thread. */
export interface Answering {
  readonly routes: TrackerRoutes
  readonly udp: UdpAnswers
}

/** Puts together what answers announces and scrapes from one store. */
export function assembleAnswering(parts: AnsweringParts): Answering {
  const { store, figures, foreign, monotonic } = parts
  const hasSwarm = (infoHash: Uint8Array) => store.scrape(infoHash) !== null
  const rules = makeRules({ ...parts, hasSwarm })
  const answers = new TrackerAnswers(store, () => rules, foreign)
  const routes = new TrackerRoutes({
    answers,
    fullScrape: new FullScrape(answers, monotonic),
    aggregation: new Aggregation(parts.aggregation),
    trackerCalls: new TrackerCalls({ ...parts, answers, rules: parts.sharing }),
    addressOf: parts.addressOf,
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
  return { routes, udp }
}
