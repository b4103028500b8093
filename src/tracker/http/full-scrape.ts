import { setImmediate } from 'node:timers/promises'
import { formatScrape, formatScraped } from '../protocol/http-answers.js'
import { TrackerRefusal } from '../protocol/refusal.js'
import { NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'
import type { SwarmCounts } from '../swarms/swarm-types.js'

/** The most torrents in one answer, about 10 MB. */
const MAX_SWARMS = 100_000

/** Milliseconds for which an answer is used again. */
const LIFETIME = 60_000

/** Places of the store that are read in one step: a fraction of a millisecond. */
const SLICE = 256

/** Number of characters of `20:` and an info hash. */
const KEY_LENGTH = 23

/** The scrape of all torrents. It is created at most once a minute, in small steps. */
export class FullScrape {
  #made: { readonly body: Promise<Buffer>; readonly at: number } | null = null

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(
    private readonly answers: TrackerAnswers,
    private readonly monotonic: () => number,
  ) {}

  /**
   * The bencoded answer. All callers share one buffer and must not change it.
   * @throws TrackerRefusal if there are too many torrents
   */
  get(): Promise<Buffer> {
    const at = this.monotonic()
    if (this.#made === null || at - this.#made.at >= LIFETIME) {
      const made = { body: this.#make(), at }
      this.#made = made
      made.body.catch((error: unknown) => {
        // A refusal is an answer, which took as long to find; after a failure the next client tries
        if (!(error instanceof TrackerRefusal) && this.#made === made) this.#made = null
      })
    }
    return this.#made.body
  }

  async #make(): Promise<Buffer> {
    // Bencode sorts keys by byte: torrents go into 256 heaps, and each heap is sorted at the end
    const heaps = Array.from({ length: 256 }, () => new Map<string, string>())
    const put = (infoHash: Uint8Array, counts: SwarmCounts) => {
      const scraped = formatScraped(infoHash, counts)
      heaps[infoHash[0] ?? 0]?.set(scraped.slice(0, KEY_LENGTH), scraped)
    }
    await this.#putKnown(put)
    let count = 0
    for (const { infoHash, ...counts } of this.answers.store.list()) {
      if (this.answers.rules.judge(infoHash)?.failure == null) put(infoHash, counts)
      count += 1
      if (count % SLICE !== 0) continue
      if (heaps.reduce((sum, { size }) => sum + size, 0) > MAX_SWARMS) throw tooMany()
      await setImmediate()
    }
    if (heaps.reduce((sum, { size }) => sum + size, 0) > MAX_SWARMS) throw tooMany()
    const sorted: string[] = []
    for (const heap of heaps) {
      sorted.push(...[...heap.values()].sort(byCharacters))
      await setImmediate()
    }
    return Buffer.from(formatScrape(sorted, this.answers.rules.minInterval), 'latin1')
  }

  /** Adds the torrents tracked by name, with zeros. Their swarms replace these entries later. */
  async #putKnown(put: (infoHash: Uint8Array, counts: SwarmCounts) => void): Promise<void> {
    const known = this.answers.rules.known()
    if (known.size > MAX_SWARMS) return
    let count = 0
    for (const [infoHash, { failure }] of known) {
      if (failure === null) put(Buffer.from(infoHash, 'hex'), NOBODY)
      count += 1
      if (count % SLICE === 0) await setImmediate()
    }
  }
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : 1
}

function tooMany(): TrackerRefusal {
  const most = MAX_SWARMS.toLocaleString('en')
  return new TrackerRefusal(200, `more than ${most} torrents: name those that you want`)
}
