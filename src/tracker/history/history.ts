import { RINGS, placeOf, slotOf, SLOTS, type PeriodName, type Ring } from './periods.js'
import { Series, type Counts } from './series.js'

/** The most torrents with a history. With the totals that takes 10 MB of memory. */
export const MAX_TORRENTS = 1000

/** The most torrents that lose their place at one sample, so that a flood of others is slow. */
const MAX_REPLACED = 25

/** A torrent takes the place of another one only if it has this many times its peers. */
const LEAD = 2

/** Counts of a swarm, or of all swarms, in one slot; null if no sample was taken. */
export interface HistorySample {
  /** Start of the slot in milliseconds since 1970. */
  readonly at: number
  /** The average number of seeds. */
  readonly complete: number | null
  /** The average number of other peers. */
  readonly downloading: number | null
  /** Downloads completed in the slot. */
  readonly completed: number | null
}

/** The counts of one sample. Info hashes are in hexadecimal. */
export interface HistoryNote {
  readonly totals: Counts
  /** The counts of torrents that have a history. */
  readonly held: ReadonlyMap<string, Counts>
  /** Other torrents, the busiest first. */
  readonly others: readonly (readonly [infoHash: string, counts: Counts])[]
}

const NONE = { complete: 0, downloading: 0 }

/**
 * Keeps the counts of all torrents together, and of the 1,000 busiest, for a day, a week and a
 * year. `of` returns them for charts.
 *
 * A slot knows its time. If the clock is set wrong, only the slots written meanwhile are lost.
 */
export class History {
  readonly totals = new Series(0)
  readonly torrents = new Map<string, Series>()
  /** The number of the slot since 1970 that each place holds. */
  readonly stamps = new Uint32Array(SLOTS)
  /** Time of the last sample in milliseconds since 1970; 0 for none. */
  lastAt = 0

  /** Records the current counts. `at` is in milliseconds since 1970. */
  note({ totals, held, others }: HistoryNote, at: number): void {
    const places = RINGS.map((ring, i) => this.#enter(ring, i, at))
    this.lastAt = at
    this.totals.note(totals, places)
    for (const [infoHash, series] of this.torrents) {
      const { downloaded } = series
      series.note(held.get(infoHash) ?? { ...NONE, downloaded }, places)
    }
    this.#admit(others, places)
  }

  /**
   * The counts of a torrent, or of all torrents together (null), oldest first: 288 slots of five
   * minutes, 168 of an hour, or 366 of a day (UTC). Null if there is no history.
   */
  of(infoHash: string | null, period: PeriodName): HistorySample[] | null {
    const series = infoHash === null ? this.totals : this.torrents.get(infoHash)
    const ring = RINGS.find(({ name }) => name === period)
    if (!series || !ring || this.lastAt === 0) return null
    const last = slotOf(ring.slot, this.lastAt)
    return Array.from({ length: ring.length }, (_, i) => {
      const number = last - ring.length + 1 + i
      const at = number * ring.slot
      const place = placeOf(ring, at)
      const isKept = this.stamps[place] === number
      const read = (field: number) => (isKept ? series.read(place, field) : null)
      return { at, complete: read(0), downloading: read(1), completed: read(2) }
    })
  }

  /** The fewest peers with which another torrent gets a place. */
  get leastPeers(): number {
    if (this.torrents.size < MAX_TORRENTS) return 1
    const least = Math.min(...[...this.torrents.values()].map(({ business }) => business))
    return Math.max(1, LEAD * least)
  }

  /** Returns the place of the current slot, which is emptied if it is a new one. */
  #enter(ring: Ring, index: number, at: number): number {
    const place = placeOf(ring, at)
    const number = slotOf(ring.slot, at)
    const isSame = this.stamps[place] === number && slotOf(ring.slot, this.lastAt) === number
    if (isSame) return place
    this.stamps[place] = number
    for (const series of [this.totals, ...this.torrents.values()]) series.begin(place, index)
    return place
  }

  /** Gives places to torrents that have none: free ones, then those of the least busy. */
  #admit(others: HistoryNote['others'], places: readonly number[]): void {
    const free = MAX_TORRENTS - this.torrents.size
    const least = [...this.torrents]
      .sort(([, a], [, b]) => a.business - b.business)
      .slice(0, MAX_REPLACED)
    for (const [infoHash, counts] of others.slice(0, free + MAX_REPLACED)) {
      const peers = counts.complete + counts.downloading
      if (this.torrents.size >= MAX_TORRENTS) {
        const [oldHash, old] = least.shift() ?? []
        if (oldHash === undefined || !old || peers < LEAD * old.business) return
        this.torrents.delete(oldHash)
      }
      const series = new Series(peers)
      series.note(counts, places)
      this.torrents.set(infoHash, series)
    }
  }
}
