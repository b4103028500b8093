import type { KnownTorrent } from './known-torrent.js'

/** Torrents that are counted at once. */
const CAPACITY = 256

/** Milliseconds for which one table counts. */
const PERIOD = 3_600_000

/** A torrent, and how often it was asked for. */
export interface BusyTorrent {
  readonly torrent: Pick<KnownTorrent, 'infoHash' | 'title'>
  /** At most; where more torrents were asked for than can be counted, fewer may be its own. */
  readonly requests: number
}

interface Counted {
  readonly torrent: Pick<KnownTorrent, 'infoHash' | 'title'>
  requests: number
}

/**
 * The torrents that are asked for most, of the last one or two hours. Memory is bounded whatever is
 * asked for: a new torrent takes the place, and the count, of the one that was asked for least
 * (Metwally's space-saving algorithm), so that none of the busiest is missed.
 */
export class BusyTorrents {
  #before = new Map<string, Counted>()
  #now = new Map<string, Counted>()
  #begunAt: number
  #beforeBegunAt: number
  readonly #monotonic: () => number

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
    this.#begunAt = this.#beforeBegunAt = monotonic()
  }

  /** Since when requests count, in milliseconds on that clock. */
  get since(): number {
    this.#turn()
    return this.#beforeBegunAt
  }

  /** Counts a request. */
  note(torrent: Pick<KnownTorrent, 'infoHash' | 'title'>): void {
    const known = this.#now.get(torrent.infoHash)
    if (known) known.requests++
    else this.#add(torrent)
  }

  /** Those that were asked for most, and most of all first. */
  top(count: number): BusyTorrent[] {
    this.#turn()
    const sums = new Map<string, BusyTorrent>(this.#now)
    for (const [infoHash, { torrent, requests }] of this.#before) {
      const more = sums.get(infoHash)?.requests ?? 0
      sums.set(infoHash, { torrent, requests: requests + more })
    }
    return [...sums.values()].sort((a, b) => b.requests - a.requests).slice(0, count)
  }

  #add({ infoHash, title }: Pick<KnownTorrent, 'infoHash' | 'title'>): void {
    this.#turn()
    let requests = 1
    if (this.#now.size >= CAPACITY) {
      const [least, counted] = leastOf(this.#now)
      this.#now.delete(least)
      requests += counted
    }
    this.#now.set(infoHash, { torrent: { infoHash, title }, requests })
  }

  /** Begins another table when it is time to. */
  #turn(): void {
    const now = this.#monotonic()
    if (now - this.#begunAt < PERIOD) return
    // Two hours in which nobody asked leave nothing
    const isLate = now - this.#begunAt >= 2 * PERIOD
    this.#before = isLate ? new Map<string, Counted>() : this.#now
    this.#beforeBegunAt = isLate ? now : this.#begunAt
    this.#now = new Map()
    this.#begunAt = now
  }
}

function leastOf(counted: ReadonlyMap<string, Counted>): [string, number] {
  let least: [string, number] = ['', Infinity]
  for (const [infoHash, { requests }] of counted) {
    if (requests < least[1]) least = [infoHash, requests]
  }
  return least
}
