import { BtkitError } from '../../errors.js'

/** A tracker's counts of a torrent. */
export interface ScrapedCounts {
  /** Peers that have the whole. */
  readonly seeds: number
  /** Peers that do not have the whole. */
  readonly leechers: number
  /** Number of complete downloads. */
  readonly completed: number
}

/** Counts by info hash in hexadecimal, without those that the tracker does not know. */
export type Scraped = ReadonlyMap<string, ScrapedCounts>

/** A scrape of one tracker; info hashes are 20 bytes in hexadecimal. */
export interface ScrapeQuestion {
  /** The announce URL. */
  readonly url: string
  readonly infoHashes: readonly string[]
  /** Aborts when the answer is no longer needed. */
  readonly signal: AbortSignal
}

/** Why a scrape failed. Strangers may read it, so it names no address. */
export class ScrapeFailure extends BtkitError {
  constructor(message: string) {
    super('io', message)
  }
}
