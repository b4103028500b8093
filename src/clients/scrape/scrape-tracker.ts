import { callWithin, isTimeout } from '../../bounded-call.js'
import { scrapeHttp } from './http-scrape.js'
import { ScrapeFailure, type Scraped, type ScrapeQuestion } from './swarm-counts.js'
import { scrapeUdp } from './udp-scrape.js'

/** Milliseconds that a tracker has for its answer. */
const TIMEOUT = 10_000

/**
 * Scrapes a tracker over HTTP or UDP, as its URL says.
 * @throws ScrapeFailure
 */
export async function scrapeTracker(
  question: ScrapeQuestion,
  milliseconds = TIMEOUT,
): Promise<Scraped> {
  const limits = { timeoutMs: milliseconds, signal: question.signal }
  try {
    return await callWithin(limits, (signal) => scrape({ ...question, signal }))
  } catch (error) {
    if (isTimeout(error) || question.signal.aborted) throw new ScrapeFailure('no answer in time')
    throw error
  }
}

function scrape(question: ScrapeQuestion): Promise<Scraped> {
  switch (new URL(question.url).protocol) {
    case 'http:':
    case 'https:':
      return scrapeHttp(question)
    case 'udp:':
      return scrapeUdp(question)
    default:
      throw new ScrapeFailure('only HTTP and UDP trackers can be scraped')
  }
}
