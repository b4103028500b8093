import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessLog } from '../../web/access-log.js'
import { formatMetrics } from '../../web/metrics.js'
import type { ForeignPeers } from '../answers/foreign-peers.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { Pages } from '../page/pages.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { UdpAnswers } from '../udp/udp-answers.js'
import type { Admitted } from './admitted.js'
import { assembleAnswering } from './answering.js'
import type { HttpListenerParts } from './http-listener.js'
import { noteExchange, noteRefusal } from './note-exchange.js'
import { PageRoutes } from './page-routes.js'
import type { TrackerSettings } from './settings.js'
import type { StateSaver } from './state-saver.js'
import { TrackerFigures, trackerMetrics } from './tracker-figures.js'

export interface AssemblyParts {
  readonly settings: TrackerSettings
  readonly store: SwarmStore
  readonly admitted: Admitted
  /** Where threads count their answers. */
  readonly figures: Float64Array
  /** What connection ids of UDP are made with. */
  readonly idSecret: Uint8Array
  readonly sharing: SharingRules
  /** Peers that other trackers told of; null when they are not asked. */
  readonly foreign: ForeignPeers | null
  readonly favicon: Uint8Array | null
  /** Null when nothing is logged. */
  readonly log: AccessLog | null
  /** Knows how saving the state went. */
  readonly saver: Pick<StateSaver, 'savedAt' | 'failures'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
  readonly onError: (error: unknown) => void
}

/** What answers requests. */
export interface AssembledTracker {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
  /** Hears of what was no request. */
  readonly onRefused: HttpListenerParts['onRefused']
  readonly udp: UdpAnswers
  readonly pages: Pages
}

/** Puts together what answers requests of all kinds from one store. */
export function assembleTracker(parts: AssemblyParts): AssembledTracker {
  const { settings, store, admitted, log, monotonic } = parts
  const figures = new TrackerFigures(parts.figures, 0)
  const { torrents, addresses } = admitted
  const pages = new Pages({ ...parts, options: settings.page, torrents, version: settings.version })
  const describe = () => {
    const known = torrents.torrents.size
    const measured = { totals: store.totals(), knownTorrents: known, saver: parts.saver }
    return formatMetrics(trackerMetrics({ ...measured, figures }))
  }
  const addressOf = (request: IncomingMessage) => settings.clientAddresses.of(request)
  const pageRoutes = new PageRoutes({
    ...parts,
    pages,
    describe,
    publicUrl: settings.publicUrl,
    permits: (request) => addresses.isOpen || addresses.permits(addressOf(request)),
  })
  const { routes, udp } = assembleAnswering({
    ...parts,
    settings: settings.answers,
    torrents,
    addresses,
    figures,
    aggregation: settings.aggregation,
    isListed: (infoHash) => (torrents.torrents.get(infoHash)?.trackers.length ?? 0) > 0,
    addressOf,
  })
  const handler: AssembledTracker['handler'] = (request, response) => {
    if (log) noteExchange({ request, response, log, monotonic })
    if (routes.handle(request, response)) return
    figures.note('http', 'page')
    pageRoutes.handle(request, response)
  }
  const onRefused: AssembledTracker['onRefused'] = (socket, refusal) => {
    if (log) noteRefusal(log, socket, refusal)
  }
  return { handler, onRefused, udp, pages }
}
