import { setImmediate } from 'node:timers/promises'
import { SLICE } from '../../server/pages/slices.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { MAX_TORRENTS, type History } from './history.js'
import type { Counts } from './series.js'

/** Milliseconds between samples: less than a slot, so that no slot stays empty. */
export const SAMPLE_INTERVAL = 4 * 60_000

export interface SampledSwarms {
  readonly store: Pick<SwarmStore, 'list'>
  /** Whether a torrent counts; the info hash is in hexadecimal. */
  readonly isTracked: (infoHash: string) => boolean
}

/** Adds the current counts of all swarms to a history, in small steps. */
export async function takeSample(
  history: History,
  { store, isTracked }: SampledSwarms,
  now: () => number,
): Promise<void> {
  const totals = { complete: 0, downloading: 0, downloaded: 0 }
  const held = new Map<string, Counts>()
  const others = new Busiest(history.leastPeers)
  for (let from: number | null = 0; from !== null;) {
    const page = store.list(from, SLICE)
    for (const { infoHash, complete, incomplete: downloading, downloaded } of page.swarms) {
      const hash = Buffer.from(infoHash).toString('hex')
      if (!isTracked(hash)) continue
      totals.complete += complete
      totals.downloading += downloading
      totals.downloaded += downloaded
      const counts = { complete, downloading, downloaded }
      if (history.torrents.has(hash)) held.set(hash, counts)
      else others.add(hash, counts)
    }
    await setImmediate()
    from = page.next
  }
  history.note({ totals, held, others: others.list() }, now())
}

type Named = readonly [infoHash: string, counts: Counts]

/** The busiest of any number of swarms, in bounded memory. */
class Busiest {
  #swarms: Named[] = []

  /** Swarms with fewer than `least` peers are left out. */
  constructor(private readonly least: number) {}

  add(infoHash: string, counts: Counts): void {
    if (peersOf(counts) < this.least) return
    this.#swarms.push([infoHash, counts])
    if (this.#swarms.length === 2 * MAX_TORRENTS) this.#swarms = this.list()
  }

  /** The busiest first. */
  list(): Named[] {
    return this.#swarms.sort(([, a], [, b]) => peersOf(b) - peersOf(a)).slice(0, MAX_TORRENTS)
  }
}

function peersOf({ complete, downloading }: Counts): number {
  return complete + downloading
}
