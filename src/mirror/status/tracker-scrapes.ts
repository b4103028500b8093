import { setImmediate } from 'node:timers/promises'
import {
  ScrapeFailure,
  type Scraped,
  type ScrapeQuestion,
} from '../../clients/scrape/swarm-counts.js'
import type { ServerContext } from '../../server/context.js'
import type { OwnTracker } from '../options.js'

/** Milliseconds before counts are asked for again. */
const KEEP = 120_000

/** Most trackers that are asked, and how many at once. */
const MAX_TRACKERS = 20
const AT_ONCE = 4

/** The result of a tracker's last scrape. */
export interface ScrapeStatus {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Why there are no counts; null if there are. */
  readonly error: string | null
  readonly counts: Scraped
}

export interface TrackerScrapesParts extends Pick<ServerContext, 'now' | 'monotonic' | 'onError'> {
  /** The announce URLs that the operator configured; no others are asked. */
  readonly trackers: () => readonly string[]
  /** The tracker in this process, which is not asked over the network; null for none. */
  readonly own: Pick<OwnTracker, 'url' | 'countsOf'> | null
  /** The info hashes to ask for, 20 bytes in hexadecimal. */
  readonly infoHashes: () => readonly string[]
  /** @throws ScrapeFailure */
  readonly scrape: (question: ScrapeQuestion) => Promise<Scraped>
}

/** The trackers' counts for the busiest torrents. Trackers are asked only while somebody looks. */
export class TrackerScrapes {
  readonly #stopping = new AbortController()
  #told = new Map<string, ScrapeStatus>()
  #begunAt = -Infinity
  #isUnderWay = false

  constructor(private readonly parts: TrackerScrapesParts) {}

  /** The trackers that are asked. */
  get trackers(): readonly string[] {
    return this.parts.trackers().slice(0, MAX_TRACKERS)
  }

  /** The known counts by announce URL. Asks the trackers again if these are old. */
  look(): ReadonlyMap<string, ScrapeStatus> {
    const { monotonic, infoHashes, onError, own } = this.parts
    const isOld =
      monotonic() - this.#begunAt >= KEEP || this.#others.some((url) => !this.#told.has(url))
    const asked = isOld && !this.#isUnderWay && !this.#stopping.signal.aborted ? infoHashes() : []
    if (asked.length > 0) {
      this.#begunAt = monotonic()
      this.#isUnderWay = true
      this.#round(asked)
        .catch(onError)
        .finally(() => (this.#isUnderWay = false))
    }
    return own ? new Map([...this.#told, [own.url, this.#lookAtOwn(own)]]) : this.#told
  }

  /** The trackers that are asked over the network. */
  get #others(): readonly string[] {
    return this.trackers.filter((url) => url !== this.parts.own?.url)
  }

  /** The counts of now; a torrent without peers has none. */
  #lookAtOwn({ countsOf }: Pick<OwnTracker, 'countsOf'>): ScrapeStatus {
    const { infoHashes, now } = this.parts
    const none = { seeds: 0, leechers: 0, completed: 0 }
    const counts = infoHashes().map((hash) => [hash, countsOf(hash) ?? none] as const)
    return { at: now(), error: null, counts: new Map(counts) }
  }

  /** Ends the scrapes under way. */
  stop(): void {
    this.#stopping.abort()
  }

  async #round(infoHashes: readonly string[]): Promise<void> {
    // The caller must not wait for the questions
    await setImmediate()
    const trackers = this.#others
    const told = new Map([...this.#told].filter(([url]) => trackers.includes(url)))
    this.#told = told
    const waiting = trackers.values()
    const work = async () => {
      for (const url of waiting) told.set(url, await this.#ask(url, infoHashes))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  async #ask(url: string, infoHashes: readonly string[]): Promise<ScrapeStatus> {
    const { scrape, now } = this.parts
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
