import { callWithin, isTimeout, type CallLimits } from '../../base/bounded-call.js'
import { BtkitError } from '../../base/errors.js'
import type { KnownCounts } from '../../metainfo/swarm-counts.js'
import type { InfoHash, TrackerUrl } from '../../metainfo/values.js'
import { quoteText } from '../../base/text/escape.js'
import { describeFailure } from '../../base/text/network-failure.js'

/** A tracker's counts of a torrent. Null for counts that it does not keep. */
export type ScrapedCounts = { readonly [Name in keyof KnownCounts]: number | null }

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

export class RefusedByTracker extends ScrapeFailure {}

/** The failure that a tracker reports itself, in bytes of any encoding. */
export function refused(reason: Uint8Array, retrySeconds: number | null = null): ScrapeFailure {
  return new RefusedByTracker(`refuses: ${quoteBytes(reason)}`, retrySeconds)
}

/** More bytes than a quote has. */
const MOST_WORDS = 1000

/** Quotes words of a tracker, in bytes of any encoding. Some trackers end them with a NUL. */
export function quoteBytes(words: Uint8Array): string {
  const [text = ''] = new TextDecoder().decode(words.subarray(0, MOST_WORDS)).split('\0', 1)
  return quoteText(text)
}

/** The failure of a request that got no answer. */
export function unanswered(error: unknown, { aborted }: AbortSignal): ScrapeFailure {
  return new ScrapeFailure(aborted ? 'no answer in time' : describeFailure(error, 0))
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

/**
 * Returns the first of several answers that comes.
 * @throws ScrapeFailure if none comes: a refusal, rather than that other addresses do not answer
 */
export async function firstAnswer<T>(answers: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(answers)
  } catch (error) {
    const failures: unknown[] = error instanceof AggregateError ? error.errors : [error]
    throw failures.find((each) => each instanceof RefusedByTracker) ?? failures.at(-1)
  }
}
