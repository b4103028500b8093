import { setImmediate } from 'node:timers/promises'
import {
  ScrapeFailure,
  type Scraped,
  type ScrapeQuestion,
} from '../../clients/scrape/swarm-counts.js'
import type { ServerContext } from '../../server/context.js'

/** Milliseconds for which answers are good. */
const KEEP = 120_000

/** Trackers that are asked, at most, and how many at once. */
const MAX_TRACKERS = 20
const AT_ONCE = 4

/** What the last scrape of a tracker came to. */
export interface ScrapeStatus {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Why there are no counts; null when there are. */
  readonly error: string | null
  readonly counts: Scraped
}

export interface TrackerScrapesParts extends Pick<ServerContext, 'now' | 'monotonic' | 'onError'> {
  /** The announce URLs that the operator has configured; nobody else is asked. */
  readonly trackers: () => readonly string[]
  /** The info hashes that are asked for, in hexadecimal, of 20 bytes each. */
  readonly infoHashes: () => readonly string[]
  /** @throws ScrapeFailure */
  readonly scrape: (question: ScrapeQuestion) => Promise<Scraped>
}

/** What trackers tell of the busiest torrents: they are asked only while somebody wants to know. */
export class TrackerScrapes {
  readonly #parts: TrackerScrapesParts
  readonly #stopping = new AbortController()
  #told = new Map<string, ScrapeStatus>()
  #begunAt = -Infinity
  #isUnderWay = false

  constructor(parts: TrackerScrapesParts) {
    this.#parts = parts
  }

  /** The trackers that are asked. */
  get trackers(): readonly string[] {
    return this.#parts.trackers().slice(0, MAX_TRACKERS)
  }

  /** What is known by now, by announce URL; has trackers asked anew when that is old. */
  look(): ReadonlyMap<string, ScrapeStatus> {
    const { monotonic, infoHashes, onError } = this.#parts
    const isOld =
      monotonic() - this.#begunAt >= KEEP || this.trackers.some((url) => !this.#told.has(url))
    const asked = isOld && !this.#isUnderWay && !this.#stopping.signal.aborted ? infoHashes() : []
    if (asked.length > 0) {
      this.#begunAt = monotonic()
      this.#isUnderWay = true
      this.#round(asked)
        .catch(onError)
        .finally(() => (this.#isUnderWay = false))
    }
    return this.#told
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stopping.abort()
  }

  async #round(infoHashes: readonly string[]): Promise<void> {
    // Whoever looks is not to wait for what asking takes
    await setImmediate()
    const { trackers } = this
    const told = new Map([...this.#told].filter(([url]) => trackers.includes(url)))
    this.#told = told
    const waiting = trackers.values()
    const work = async () => {
      for (const url of waiting) told.set(url, await this.#ask(url, infoHashes))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  async #ask(url: string, infoHashes: readonly string[]): Promise<ScrapeStatus> {
    const { scrape, now } = this.#parts
    const { signal } = this.#stopping
    try {
      const counts = await scrape({ url, infoHashes, signal })
      return { at: now(), error: null, counts }
    } catch (error) {
      if (!(error instanceof ScrapeFailure)) throw error
      return { at: now(), error: error.message, counts: new Map() }
    }
  }
}
