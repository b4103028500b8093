import { BtkitError } from '../../errors.js'

/** What a tracker tells of a torrent. */
export interface ScrapedCounts {
  /** Peers that have the whole. */
  readonly seeds: number
  /** Peers that have not, or not yet. */
  readonly leechers: number
  /** How often the whole was downloaded. */
  readonly completed: number
}

/** Counts by info hash, in hexadecimal; those that the tracker does not know are not there. */
export type Scraped = ReadonlyMap<string, ScrapedCounts>

/** What a tracker is asked: info hashes in hexadecimal, of 20 bytes each. */
export interface ScrapeQuestion {
  /** The announce URL. */
  readonly url: string
  readonly infoHashes: readonly string[]
  /** Aborts when the answer is of no use any more. */
  readonly signal: AbortSignal
}

/** Why there is no answer, or none that can be read: for strangers to read, so it names no address. */
export class ScrapeFailure extends BtkitError {
  constructor(message: string) {
    super('io', message)
  }
}
