import { counter, formatMetrics, gauge, type Sample } from '../../base/text/metrics.js'
import type { StateFile } from '../swarms/state-file.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { AccessLists } from '../allowed/access-lists.js'
import type { PeerExchange } from '../other-trackers/peer-exchange.js'

/** Kinds of answers. */
type Answered = 'connect' | 'announce' | 'scrape' | 'refusal' | 'page'

const NO_ANSWERS = { connect: 0, announce: 0, scrape: 0, refusal: 0, page: 0 }

/** Most reasons that are counted apart: a torrent may have a refusal of its own. */
const MOST_REASONS = 50

/** Counts answers by protocol and kind. */
export class TrackerFigures {
  readonly #counts = { http: { ...NO_ANSWERS }, udp: { ...NO_ANSWERS } }

  /** Refusals by their words. */
  readonly #refusals = new Map<string, number>()

  /** Returns a function that counts the answers of a protocol, and why requests are refused. */
  of(protocol: 'http' | 'udp'): (answered: Answered, reason?: string) => void {
    const counts = this.#counts[protocol]
    return (answered, reason) => {
      counts[answered] += 1
      if (reason === undefined) return
      const before = this.#refusals.get(reason) ?? 0
      if (before > 0 || this.#refusals.size < MOST_REASONS) this.#refusals.set(reason, before + 1)
    }
  }

  /** The refusals, labeled with their reasons. */
  refusals(): Sample[] {
    return Array.from(this.#refusals, ([reason, value]) => ({ labels: { reason }, value }))
  }

  /** The counters above zero, labeled with protocol and kind. */
  samples(): Sample[] {
    const samples = Object.entries(this.#counts).flatMap(([protocol, counts]) => {
      return Object.entries(counts).map(([answered, value]) => {
        return { labels: { protocol, answered }, value }
      })
    })
    return samples.filter(({ value }) => value > 0)
  }
}

const STORE_UP = 'Whether swarms are shared through Redis now.'
const STORE_GONE = 'How often the Redis of --store was gone.'

/** The tracker's metrics in Prometheus' text format. */
export function describeTracker(
  figures: TrackerFigures,
  { store, state }: { readonly store: SwarmStore; readonly state: StateFile },
  { lists, shared }: { readonly lists: AccessLists; readonly shared: PeerExchange | null },
): string {
  const totals = store.totals()
  const knownTorrents = lists.torrents.torrents.size
  const savedAt = state.savedAt / 1000
  return formatMetrics([
    counter('btkit_track_answers_total', 'Requests answered.', figures.samples()),
    counter('btkit_track_refusals_total', 'Requests refused, by the reason.', figures.refusals()),
    gauge('btkit_track_swarms', 'Torrents with a swarm.', totals.swarms),
    gauge('btkit_track_peers', 'Peers in all swarms.', totals.peers),
    gauge('btkit_track_seeds', 'Peers that have the whole torrent.', totals.seeds),
    gauge('btkit_track_known_torrents', 'Info hashes that are allowed by name.', knownTorrents),
    gauge('btkit_track_saved_timestamp_seconds', 'When the state was last saved.', savedAt),
    counter(
      'btkit_track_save_failures_total',
      'How often the state could not be saved.',
      state.failures,
    ),
    ...(shared === null
      ? []
      : [
          gauge('btkit_track_store_up', STORE_UP, shared.isJoined ? 1 : 0),
          counter('btkit_track_store_failures_total', STORE_GONE, shared.failures),
        ]),
    gauge('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
  ])
}
