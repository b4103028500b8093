import { scrapeHttp } from './http-scrape.js'
import { ScrapeFailure, type Scraped, type ScrapeQuestion } from './swarm-counts.js'
import { scrapeUdp } from './udp-scrape.js'

/** Milliseconds that a tracker has for its answer. */
const TIMEOUT = 10_000

/**
 * Scrapes a tracker in the way that its URL says.
 * @throws ScrapeFailure
 */
export async function scrapeTracker(
  question: ScrapeQuestion,
  milliseconds = TIMEOUT,
): Promise<Scraped> {
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(milliseconds)])
  switch (new URL(question.url).protocol) {
    case 'http:':
    case 'https:':
      return scrapeHttp({ ...question, signal })
    case 'udp:':
      return scrapeUdp({ ...question, signal })
    default:
      throw new ScrapeFailure('trackers of this kind can not be asked')
  }
}
