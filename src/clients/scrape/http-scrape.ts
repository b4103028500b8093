import { readScrape } from './read-scrape.js'
import { ScrapeFailure, type Scraped, type ScrapeQuestion } from './swarm-counts.js'

/** Most bytes of an answer that are read. */
const MAX_ANSWER = 64 * 1024

/**
 * Scrapes a tracker over HTTP (BEP 48).
 * @throws ScrapeFailure
 */
export async function scrapeHttp({ url, infoHashes, signal }: ScrapeQuestion): Promise<Scraped> {
  const address = scrapeUrl(url)
  if (address === null) throw new ScrapeFailure('its address cannot be scraped')
  return readScrape(await askTracker(queryUrl(address, infoHashes), signal), infoHashes)
}

/**
 * Returns what a tracker answers to a request.
 * @throws ScrapeFailure
 */
export async function askTracker(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await ask(url, signal)
  try {
    return await readAnswer(response)
  } finally {
    // Ends an answer that is too long or has another status
    await response.body?.cancel().catch(() => undefined)
  }
}

function queryUrl(address: string, infoHashes: readonly string[]): string {
  const fields = infoHashes.map((infoHash) => `info_hash=${infoHash.replace(/../g, '%$&')}`)
  return `${address}${address.includes('?') ? '&' : '?'}${fields.join('&')}`
}

async function ask(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      // Only the operator decides which trackers this service connects to
      redirect: 'manual',
      headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'btkit' },
      signal,
    })
  } catch {
    throw new ScrapeFailure(signal.aborted ? 'no answer in time' : 'cannot be reached')
  }
}

async function readAnswer({ status, body }: Response): Promise<Uint8Array> {
  if (status >= 300 && status < 400) {
    throw new ScrapeFailure('redirects to another address, which is not asked')
  }
  if (status !== 200) throw new ScrapeFailure(`answers with status ${status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(body)) {
    size += chunk.length
    // Leaving the loop closes the connection
    if (size > MAX_ANSWER) throw new ScrapeFailure('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function* chunksOf(body: Response['body']): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body ?? []) yield chunk as Uint8Array
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
