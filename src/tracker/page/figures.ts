import { swarmHashes, type TorrentSummary } from '../allowed/known-torrent.js'
import type { Soon, SwarmCounts, SwarmStore } from '../swarms/swarm-store.js'

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
): Soon<Figures> {
  const swarms = swarmHashes(summary).map((hash) => store.scrape(Buffer.from(hash, 'hex')))
  // Swarms in memory answer at once, and promises for all torrents would be much garbage
  return swarms.some((swarm) => swarm instanceof Promise)
    ? largest(swarms)
    : swarms.reduce<Figures>((figures, swarm) => larger(figures, swarm as SwarmCounts | null), NONE)
}

async function largest(swarms: readonly Soon<SwarmCounts | null>[]): Promise<Figures> {
  let figures = NONE
  for (const swarm of swarms) figures = larger(figures, await swarm)
  return figures
}

function larger(figures: Figures, swarm: SwarmCounts | null): Figures {
  if (swarm === null) return figures
  return {
    complete: Math.max(figures.complete, swarm.complete),
    downloading: Math.max(figures.downloading, swarm.incomplete),
    downloaded: Math.max(figures.downloaded, swarm.downloaded),
  }
}
