import { setImmediate } from 'node:timers/promises'
import { SLICE } from '../../server/pages/slices.js'
import { figuresOf, type Figures } from '../page/figures.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { CatalogueEntry, CatalogueIndex } from './catalogue-index.js'

/** Milliseconds for which an order by figures is used again. */
const MAX_AGE = 10_000

/** More than there are entries: a double has room for a place and a figure of 32 bits. */
const PLACES = 2 ** 20

/** The torrents of an index in the order of their figures, read at most every ten seconds. */
export class FigureOrders {
  #takenAt = 0
  #taken: Promise<TakenFigures> | null = null
  #orders = new Map<keyof Figures, Promise<readonly CatalogueEntry[]>>()

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(
    private readonly index: Pick<CatalogueIndex, 'order'>,
    private readonly store: Pick<SwarmStore, 'scrape'>,
    private readonly monotonic: () => number,
  ) {}

  /** All entries in ascending order of a figure, and of names if it is equal. */
  by(key: keyof Figures): Promise<readonly CatalogueEntry[]> {
    const at = this.monotonic()
    if (this.#taken === null || at - this.#takenAt >= MAX_AGE) {
      this.#takenAt = at
      const taken = this.#take()
      this.#taken = taken
      this.#orders = new Map()
      taken.catch(() => {
        // The next request tries again
        if (this.#taken === taken) this.#taken = null
      })
    }
    const order = this.#orders.get(key) ?? sortBy(this.#taken, key)
    this.#orders.set(key, order)
    return order
  }

  async #take(): Promise<TakenFigures> {
    const entries = await this.index.order('name')
    const figures: Figures[] = []
    for (let start = 0; start < entries.length; start += SLICE) {
      const slice = entries.slice(start, start + SLICE)
      for (const { summary } of slice) figures.push(figuresOf(summary, this.store))
      await setImmediate()
    }
    return { entries, figures }
  }
}

/** The figures of all entries, in the order of names. */
interface TakenFigures {
  readonly entries: readonly CatalogueEntry[]
  readonly figures: readonly Figures[]
}

/** Sorts numbers without a comparison function, in a few milliseconds. */
async function sortBy(taking: Promise<TakenFigures>, key: keyof Figures) {
  const { entries, figures } = await taking
  const keys = Float64Array.from(figures, (each, place) => each[key] * PLACES + place).sort()
  return Array.from(keys, (each) => entries[each % PLACES]).filter((entry) => entry !== undefined)
}
