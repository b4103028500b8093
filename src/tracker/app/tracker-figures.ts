import { counter, gauge, type Metric, type Sample } from '../../server/metrics/metrics.js'
import type { StoreTotals } from '../swarms/swarm-types.js'
import type { StateSaver } from '../state/state-file.js'

/** The index of each counter, by protocol. */
const PLACES = {
  http: { connect: 0, announce: 1, scrape: 2, refusal: 3, page: 4 },
  udp: { connect: 5, announce: 6, scrape: 7, refusal: 8, page: 9 },
} as const
const PLACES_IN_ALL = 10

/** Kinds of answers. */
export type Answered = keyof (typeof PLACES)['http']

/** Counts answers by protocol and kind. */
export class TrackerFigures {
  readonly #counts = new Float64Array(PLACES_IN_ALL)

  /** Counts one answer. */
  note(protocol: 'http' | 'udp', answered: Answered): void {
    const place = PLACES[protocol][answered]
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
  }

  /** The counters above zero, labeled with protocol and kind. */
  samples(): Sample[] {
    const samples = Object.entries(PLACES).flatMap(([protocol, places]) => {
      return Object.entries(places).map(([answered, place]) => {
        return { labels: { protocol, answered }, value: this.#counts[place] ?? 0 }
      })
    })
    return samples.filter(({ value }) => value > 0)
  }
}

/** How a tracker stands to the Redis through which trackers share swarms. */
interface SharedFigures {
  readonly isJoined: boolean
  /** How often Redis was gone. */
  readonly failures: number
}

interface MeasuredTracker {
  readonly totals: StoreTotals
  readonly figures: TrackerFigures
  /** Number of torrents known from a file or a list. */
  readonly knownTorrents: number
  /** Supplies the time of the last save and the number of failed ones. */
  readonly saver: Pick<StateSaver, 'savedAt' | 'failures'>
  /** Null if swarms are not shared. */
  readonly shared: SharedFigures | null
}

/** The tracker's metrics. */
export function trackerMetrics({
  totals,
  figures,
  knownTorrents,
  saver,
  shared,
}: MeasuredTracker): Metric[] {
  const savedAt = saver.savedAt / 1000
  return [
    counter('btkit_track_answers_total', 'Requests answered.', figures.samples()),
    gauge('btkit_track_swarms', 'Torrents with a swarm.', totals.swarms),
    gauge('btkit_track_peers', 'Peers in all swarms.', totals.peers),
    gauge('btkit_track_seeds', 'Peers that have the whole torrent.', totals.seeds),
    gauge('btkit_track_known_torrents', 'Info hashes that are allowed by name.', knownTorrents),
    gauge('btkit_track_saved_timestamp_seconds', 'When the state was last saved.', savedAt),
    counter(
      'btkit_track_save_failures_total',
      'How often the state could not be saved.',
      saver.failures,
    ),
    ...(shared === null ? [] : sharedMetrics(shared)),
    gauge('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
  ]
}

function sharedMetrics({ isJoined, failures }: SharedFigures): Metric[] {
  const isShared = isJoined ? 1 : 0
  const failed = 'How often the Redis of --store was gone.'
  return [
    gauge('btkit_track_store_up', 'Whether swarms are shared through Redis now.', isShared),
    counter('btkit_track_store_failures_total', failed, failures),
  ]
}
