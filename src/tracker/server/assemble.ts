import type { AccessLog } from '../../web/access-log.js'
import { formatMetrics } from '../../web/metrics.js'
import type { ForeignPeers } from '../answers/foreign-peers.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { Pages } from '../page/pages.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { Admitted } from './admitted.js'
import { answerPages, type AnswerPage } from './answer-pages.js'
import { assembleAnswering, type Answering } from './answering.js'
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

/** What answers requests, and other threads that ask for pages. */
export interface AssembledTracker extends Answering {
  readonly answerPage: AnswerPage
  readonly pages: Pages
}

/** Puts together what answers requests of all kinds from one store. */
export function assembleTracker(parts: AssemblyParts): AssembledTracker {
  const { settings, store, admitted } = parts
  const figures = new TrackerFigures(parts.figures, 0)
  const { torrents, addresses } = admitted
  const pages = new Pages({ ...parts, options: settings.page, torrents, version: settings.version })
  const describe = () => {
    const known = torrents.torrents.size
    const measured = { totals: store.totals(), knownTorrents: known, saver: parts.saver }
    return formatMetrics(trackerMetrics({ ...measured, figures }))
  }
  const answerPage = answerPages({ ...parts, pages, describe })
  const answering = assembleAnswering({
    ...parts,
    settings: settings.answers,
    torrents,
    addresses,
    figures,
    aggregation: settings.aggregation,
    isListed: (infoHash) => (torrents.torrents.get(infoHash)?.trackers.length ?? 0) > 0,
    answerPage,
    publicUrl: settings.publicUrl,
    addressOf: (request) => settings.clientAddresses.of(request),
  })
  return { ...answering, answerPage, pages }
}
