import { setImmediate } from 'node:timers/promises'
import { SLICE, sortInSlices } from '../../server/pages/slices.js'
import { swarmHashes, type TorrentSummary } from '../allowed/known-torrent.js'
import type { SwarmCounts, SwarmStore } from '../swarms/swarm-store.js'
import type { CatalogueEntry, CatalogueIndex } from './catalogue-index.js'

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
export async function figuresOf(
  summary: Pick<TorrentSummary, 'infoHash' | 'infoHashV2'>,
  store: Pick<SwarmStore, 'scrape'>,
): Promise<Figures> {
  const hashes = swarmHashes(summary)
  let figures = NONE
  for (const hash of hashes) figures = larger(figures, await store.scrape(Buffer.from(hash, 'hex')))
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

/** Milliseconds for which an order by figures is used again. */
const MAX_AGE = 10_000

/** The torrents of an index in the order of their figures, read at most every ten seconds. */
export class FigureOrders {
  readonly #index: CatalogueIndex
  readonly #store: Pick<SwarmStore, 'scrape'>
  readonly #monotonic: () => number
  #takenAt = -MAX_AGE
  #figures: Promise<readonly (Figures & { entry: CatalogueEntry })[]> | null = null
  #orders = new Map<keyof Figures, Promise<readonly CatalogueEntry[]>>()

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(index: CatalogueIndex, store: Pick<SwarmStore, 'scrape'>, monotonic: () => number) {
    this.#index = index
    this.#store = store
    this.#monotonic = monotonic
  }

  /** All entries in ascending order of a figure, and of names if it is equal. */
  by(key: keyof Figures): Promise<readonly CatalogueEntry[]> {
    const at = this.#monotonic()
    if (this.#figures === null || at - this.#takenAt >= MAX_AGE) {
      this.#takenAt = at
      this.#figures = this.#take()
      this.#orders = new Map()
    }
    const order = this.#orders.get(key) ?? sortBy(this.#figures, key)
    this.#orders.set(key, order)
    return order
  }

  async #take() {
    const { entries } = this.#index
    const taken: (Figures & { entry: CatalogueEntry })[] = []
    for (let start = 0; start < entries.length; start += SLICE) {
      const slice = entries.slice(start, start + SLICE)
      const figures = await Promise.all(
        slice.map(async (entry) => ({ entry, ...(await figuresOf(entry.summary, this.#store)) })),
      )
      for (const each of figures) taken.push(each)
      await setImmediate()
    }
    return taken
  }
}

async function sortBy(
  figures: Promise<readonly (Figures & { entry: CatalogueEntry })[]>,
  key: keyof Figures,
): Promise<readonly CatalogueEntry[]> {
  const sorted = await sortInSlices(await figures, (a, b) => a[key] - b[key])
  return sorted.map(({ entry }) => entry)
}
