import { callWithin, isTimeout, type CallLimits } from '../../bounded-call.js'
import { BtkitError } from '../../errors.js'
import type { InfoHash, TrackerUrl } from '../../metainfo/values.js'
import { quoteText } from '../../text/escape.js'

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
  readonly url: TrackerUrl
  readonly infoHashes: readonly InfoHash[]
  /** Aborts when the answer is no longer needed. */
  readonly signal: AbortSignal
}

/** Why a scrape failed. Strangers may read it, so it names no address. */
export class ScrapeFailure extends BtkitError {
  constructor(
    message: string,
    /** Seconds for which the tracker wants no further request; null if it did not say. */
    readonly retrySeconds: number | null = null,
  ) {
    super('io', message)
  }
}

/** The failure that a tracker reports itself, in bytes of any encoding. */
export function refused(reason: Uint8Array, retrySeconds: number | null = null): ScrapeFailure {
  return new ScrapeFailure(`refuses: ${quoteBytes(reason)}`, retrySeconds)
}

/** Quotes words of a tracker, in bytes of any encoding. */
export function quoteBytes(words: Uint8Array): string {
  return quoteText(new TextDecoder().decode(words))
}

/**
 * Makes a call to a tracker that ends in time.
 * @throws ScrapeFailure
 */
export async function answeredWithin<T>(
  limits: Required<CallLimits>,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await callWithin(limits, call)
  } catch (error) {
    const isLate = isTimeout(error) || limits.signal.aborted
    throw isLate ? new ScrapeFailure('no answer in time') : error
  }
}
