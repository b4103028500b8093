import { swarmHashes, type TorrentSummary } from '../allowed/known-torrent.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { SwarmCounts } from '../swarms/swarm-types.js'

/** Numbers of seeds, other peers and completed downloads. */
export interface Figures {
  readonly complete: number
  readonly downloading: number
  readonly downloaded: number
}

const NONE: Figures = { complete: 0, downloading: 0, downloaded: 0 }

/**
 * The current figures of a torrent. A hybrid torrent has two swarms, whose peers are mostly the
 * same; the larger numbers count.
 */
export function figuresOf(
  summary: Pick<TorrentSummary, 'infoHash' | 'infoHashV2'>,
  store: Pick<SwarmStore, 'scrape'>,
): Figures {
  return swarmHashes(summary).reduce<Figures>(
    (figures, hash) => larger(figures, store.scrape(Buffer.from(hash, 'hex'))),
    NONE,
  )
}

function larger(figures: Figures, swarm: SwarmCounts | null): Figures {
  if (swarm === null) return figures
  return {
    complete: Math.max(figures.complete, swarm.complete),
    downloading: Math.max(figures.downloading, swarm.incomplete),
    downloaded: Math.max(figures.downloaded, swarm.downloaded),
  }
}
