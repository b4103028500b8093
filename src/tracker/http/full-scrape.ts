import { setImmediate } from 'node:timers/promises'
import { formatScrape, formatScraped } from '../protocol/http-answers.js'
import { TrackerRefusal } from '../protocol/refusal.js'
import { NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'
import type { SwarmCounts } from '../swarms/swarm-store.js'

/** The most torrents that one answer holds: some 10 MB. */
const MAX_SWARMS = 100_000

/** How long an answer is given to whoever asks, in milliseconds. */
const LIFETIME = 60_000

/** Places of the store that are looked at at once: a fraction of a millisecond. */
const SLICE = 256

/** The characters of `20:` and of an info hash. */
const KEY_LENGTH = 23

/** The scrape of all torrents. It is made at most once a minute, a slice at a time. */
export class FullScrape {
  readonly #answers: TrackerAnswers
  readonly #monotonic: () => number
  #made: { readonly body: Promise<Buffer>; readonly at: number } | null = null

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(answers: TrackerAnswers, monotonic: () => number) {
    this.#answers = answers
    this.#monotonic = monotonic
  }

  /**
   * The answer to all who ask within its time: nobody may change it.
   * @throws TrackerRefusal when there are too many
   */
  get(): Promise<Buffer> {
    const at = this.#monotonic()
    if (this.#made === null || at - this.#made.at >= LIFETIME) {
      this.#made = { body: this.#make(), at }
    }
    return this.#made.body
  }

  async #make(): Promise<Buffer> {
    // Keys of bencode stand in byte order: torrents are sorted into 256 heaps, and these at the end
    const heaps = Array.from({ length: 256 }, () => new Map<string, string>())
    const put = (infoHash: Uint8Array, counts: SwarmCounts) => {
      const scraped = formatScraped(infoHash, counts)
      heaps[infoHash[0] ?? 0]?.set(scraped.slice(0, KEY_LENGTH), scraped)
    }
    await this.#putKnown(put)
    let from: number | null = 0
    while (from !== null) {
      const page = this.#answers.store.list(from, SLICE)
      for (const { infoHash, ...counts } of page.swarms) {
        if (this.#answers.rules.judge(infoHash)?.failure != null) continue
        put(infoHash, counts)
      }
      if (heaps.reduce((sum, { size }) => sum + size, 0) > MAX_SWARMS) throw tooMany()
      from = page.next
      await setImmediate()
    }
    const sorted: string[] = []
    for (const heap of heaps) {
      sorted.push(...[...heap.values()].sort(byCharacters))
      await setImmediate()
    }
    return Buffer.from(formatScrape(sorted, this.#answers.rules.minInterval), 'latin1')
  }

  /** Puts the torrents that are tracked by name: their swarms, where there are any, come later. */
  async #putKnown(put: (infoHash: Uint8Array, counts: SwarmCounts) => void): Promise<void> {
    const known = this.#answers.rules.known()
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
