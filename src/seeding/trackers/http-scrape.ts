import { collectAtMost } from '../../disk/look/read-bounded.js'
import { requestHttp, type HttpResponse } from '../../core/remote/http-request.js'
import { formatBytes } from '../../base/text/quantity.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../../metainfo/bencode/value.js'
import {
  refused,
  ScrapeFailure,
  type Scraped,
  type ScrapedCounts,
  type ScrapeQuestion,
  unanswered,
} from './swarm-counts.js'

/** Most bytes of an answer that are read. */
const MAX_ANSWER = 64 * 1024

/** An answer has three levels; more are allowed for fields that are not read. */
const LIMITS = { maxSize: MAX_ANSWER, maxDepth: 8 }

/**
 * Scrapes a tracker over HTTP (BEP 48).
 * @throws ScrapeFailure
 */
export async function scrapeHttp({ url, infoHashes, signal }: ScrapeQuestion): Promise<Scraped> {
  const address = scrapeUrl(url)
  if (address === null) throw new ScrapeFailure('its address cannot be scraped')
  const query = infoHashes.map((infoHash) => `info_hash=${percentEncoded(infoHash)}`).join('&')
  const files = (await askTracker(address, query, 'a scrape', signal)).get('files')
  if (!(files instanceof Map)) throw new ScrapeFailure('the answer is not a scrape')
  const counts = infoHashes.flatMap((infoHash): [string, ScrapedCounts][] => {
    const entry = files.get(Buffer.from(infoHash, 'hex').toString('latin1'))
    return entry instanceof Map ? [[infoHash, countsOf(entry)]] : []
  })
  return new Map(counts)
}

/** Encodes bytes in hexadecimal for a URL. */
export function percentEncoded(hex: string): string {
  return hex.replace(/../g, '%$&')
}

/**
 * Returns the dictionary that a tracker answers to a request over HTTP.
 * `what` is the kind of the answer, for errors: `a scrape`. Only addresses of `family` are
 * connected to.
 * @throws ScrapeFailure if it refuses, or answers something else
 */
export async function askTracker(
  url: string,
  query: string,
  what: string,
  signal: AbortSignal,
  family?: 4 | 6,
): Promise<BencodeDict> {
  const response = await ask(`${url}${url.includes('?') ? '&' : '?'}${query}`, signal, family)
  const isOk = response.status === 200
  let value: BencodeValue = 0
  try {
    const bytes = await readAnswer(response, what)
    value = readBencode(bytes, LIMITS).value
  } catch (error) {
    if (error instanceof ScrapeFailure && isOk) throw error
  }
  // A refusal may come with another status
  const reason = value instanceof Map ? value.get('failure reason') : undefined
  if (value instanceof Map && isByteString(reason)) throw refused(reason, retrySeconds(value))
  if (!isOk) throw new ScrapeFailure(`answers with status ${response.status}`)
  if (!(value instanceof Map)) throw new ScrapeFailure(`the answer is not ${what}`)
  return value
}

/** Seconds until the next request after a failure, by `retry in` (BEP 31) or the interval. */
function retrySeconds(answer: BencodeDict): number | null {
  const retryIn = answer.get('retry in')
  if (typeof retryIn === 'number' && retryIn > 0) return retryIn * 60
  if (isByteString(retryIn) && Buffer.from(retryIn).toString() === 'never') return Infinity
  return intervalIn(answer) || null
}

/** The interval of an answer in seconds, or the minimum if it is longer; 0 if there is none. */
export function intervalIn(answer: BencodeDict): number {
  const seconds = ['interval', 'min interval'].map((key) => answer.get(key))
  return Math.max(0, ...seconds.filter((value) => typeof value === 'number'))
}

/** Redirects of one request that are followed. */
const MOST_REDIRECTS = 3

async function ask(url: string, signal: AbortSignal, family?: 4 | 6): Promise<HttpResponse> {
  const headers = { 'accept-encoding': 'identity' }
  try {
    return await requestHttp(url, { headers, signal, family, redirects: MOST_REDIRECTS })
  } catch (error) {
    throw unanswered(error, signal)
  }
}

function readAnswer({ body }: HttpResponse, what: string): Promise<Uint8Array> {
  return collectAtMost(chunksOf(body), MAX_ANSWER, () => {
    const limit = formatBytes(MAX_ANSWER)
    const why = `more than ${limit}; the tracker may send all its torrents`
    return new ScrapeFailure(`the answer is too long for ${what}: ${why}`)
  })
}

async function* chunksOf(body: HttpResponse['body']): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch {
    throw new ScrapeFailure('the answer is incomplete')
  }
}

/**
 * The scrape URL of an HTTP tracker (BEP 48): in the last part of the path, a leading `announce`
 * becomes `scrape`. Null if it does not begin so.
 */
export function scrapeUrl(announceUrl: string): string | null {
  const url = new URL(announceUrl)
  const end = url.pathname.lastIndexOf('/') + 1
  const last = url.pathname.slice(end)
  if (!last.startsWith('announce')) return null
  url.pathname = `${url.pathname.slice(0, end)}scrape${last.slice('announce'.length)}`
  url.hash = ''
  return url.href
}

/** The counts in an answer. */
function countsOf(entry: ReadonlyMap<string, unknown>): ScrapedCounts {
  return {
    seeds: countOf(entry.get('complete')),
    leechers: countOf(entry.get('incomplete')),
    completed: countOf(entry.get('downloaded')),
  }
}

/** Some trackers leave out counts that they do not keep. */
function countOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null
}
