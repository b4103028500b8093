import pLimit from 'p-limit'
import { isTracker } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import {
  answeredWithin,
  ScrapeFailure,
  type Scraped,
  type ScrapedCounts,
  type ScrapeQuestion,
} from './swarm-counts.js'
import { scrapeHttp } from './http-scrape.js'
import { scrapeUdp } from './udp-scrape.js'

/** Info hashes in one question: a packet has room for 74, and some servers refuse long URLs. */
const MOST_HASHES = 50

/** Trackers that are asked at once. */
const AT_ONCE = 16

/** A torrent to ask about. */
export interface ScrapedTorrent {
  /** The torrent or link, for people. */
  readonly name: string
  /** In hexadecimal, 20 bytes: trackers know a v2 torrent by the first of its hash (BEP 52). */
  readonly infoHash: InfoHash
  /** Announce URLs. */
  readonly trackers: readonly string[]
}

/** The answer of a tracker about a torrent. */
export interface TrackerAnswer {
  readonly tracker: string
  /** Null if there is no answer, or the tracker does not know the torrent. */
  readonly counts: ScrapedCounts | null
  /** Why there are no counts; null if there are. */
  readonly error: string | null
}

/**
 * Asks each tracker once about all its torrents. Returns a function that gives the answers about
 * one of them, in the order of its trackers. A tracker has `timeoutMs` for each answer.
 */
export async function askTrackers(
  asked: readonly ScrapedTorrent[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<(one: ScrapedTorrent) => TrackerAnswer[]> {
  const hashes = new Map<string, Set<InfoHash>>()
  for (const { infoHash, trackers } of asked) {
    for (const url of trackers) hashes.set(url, (hashes.get(url) ?? new Set()).add(infoHash))
  }
  const answers = new Map<string, Map<string, ScrapedCounts | string>>()
  await pLimit(AT_ONCE).map(hashes, async ([url, own]) => {
    answers.set(url, await askOne(url, [...own], timeoutMs, signal))
  })
  return ({ infoHash, trackers }) => {
    return trackers.map((tracker) => {
      const answer = answers.get(tracker)?.get(infoHash) ?? 'does not know the torrent'
      const isError = typeof answer === 'string'
      return { tracker, counts: isError ? null : answer, error: isError ? answer : null }
    })
  }
}

/** Returns counts, or why there are none, by info hash. */
async function askOne(
  url: string,
  infoHashes: readonly InfoHash[],
  timeoutMs: number,
  signal: AbortSignal,
) {
  const answers = new Map<string, ScrapedCounts | string>()
  for (let at = 0; at < infoHashes.length; at += MOST_HASHES) {
    const some = infoHashes.slice(at, at + MOST_HASHES)
    let scraped: Scraped | string = 'is not the URL of a tracker'
    try {
      if (isTracker(url))
        scraped = await scrapeTracker({ url, infoHashes: some, signal }, timeoutMs)
    } catch (error) {
      if (!(error instanceof ScrapeFailure)) throw error
      scraped = error.message
    }
    for (const hash of some) {
      const answer = typeof scraped === 'string' ? scraped : scraped.get(hash)
      if (answer !== undefined) answers.set(hash, answer)
    }
  }
  return answers
}

/** Milliseconds that a tracker has for its answer. */
const TIMEOUT = 10_000

/**
 * Scrapes a tracker over HTTP or UDP, as its URL says.
 * @throws ScrapeFailure
 */
export function scrapeTracker(question: ScrapeQuestion, timeoutMs = TIMEOUT): Promise<Scraped> {
  return answeredWithin({ timeoutMs, signal: question.signal }, async (signal) => {
    switch (new URL(question.url).protocol) {
      case 'http:':
      case 'https:':
        return scrapeHttp({ ...question, signal })
      case 'udp:':
        return scrapeUdp({ ...question, signal })
      default:
        throw new ScrapeFailure('btkit asks only trackers over HTTP and UDP')
    }
  })
}
