import type { KnownTorrent } from './known-torrent.js'

/** Most torrents counted at once. */
const CAPACITY = 256

/** Milliseconds that one table covers. */
const PERIOD = 3_600_000

type CountedTorrent = Pick<KnownTorrent, 'infoHash' | 'infoHashes' | 'title'>

/** A torrent with its number of requests. */
export interface BusyTorrent {
  readonly torrent: CountedTorrent
  /** An upper bound: after the table was full, some of these may be requests for other torrents. */
  readonly requests: number
}

interface Counted {
  readonly torrent: CountedTorrent
  requests: number
}

/**
 * Counts the most requested torrents of the last one or two hours in bounded memory. When the table
 * is full, a new torrent replaces the least requested one and takes over its count (Metwally's
 * space-saving algorithm). So none of the busiest is missed.
 */
export class BusyTorrents {
  #before = new Map<string, Counted>()
  #now = new Map<string, Counted>()
  #begunAt: number
  #beforeBegunAt: number

  /** `monotonic` returns milliseconds of a clock that is never set. */
  constructor(private readonly monotonic: () => number) {
    this.#begunAt = this.#beforeBegunAt = monotonic()
  }

  /** The time from which requests are counted, in milliseconds of that clock. */
  get since(): number {
    this.#turn()
    return this.#beforeBegunAt
  }

  /** Counts a request. */
  note(torrent: CountedTorrent): void {
    const known = this.#now.get(torrent.infoHash)
    if (known) known.requests++
    else this.#add(torrent)
  }

  /** The `count` most requested torrents, most requests first. */
  top(count: number): BusyTorrent[] {
    this.#turn()
    const sums = new Map<string, BusyTorrent>(this.#now)
    for (const [infoHash, { torrent, requests }] of this.#before) {
      const more = sums.get(infoHash)?.requests ?? 0
      sums.set(infoHash, { torrent, requests: requests + more })
    }
    return [...sums.values()].sort((a, b) => b.requests - a.requests).slice(0, count)
  }

  #add({ infoHash, infoHashes, title }: CountedTorrent): void {
    this.#turn()
    let requests = 1
    if (this.#now.size >= CAPACITY) {
      const [least, counted] = leastOf(this.#now)
      this.#now.delete(least)
      requests += counted
    }
    this.#now.set(infoHash, { torrent: { infoHash, infoHashes, title }, requests })
  }

  /** Begins another table each `PERIOD`. */
  #turn(): void {
    const now = this.monotonic()
    if (now - this.#begunAt < PERIOD) return
    // Forgets everything after two hours without requests
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
