import { on, once } from 'node:events'
import { countsOf, MAX_ANSWER } from './http-scrape.js'
import {
  refused,
  ScrapeFailure,
  type Scraped,
  type ScrapedCounts,
  type ScrapeQuestion,
  unanswered,
} from './swarm-counts.js'

type Fields = Readonly<Record<string, unknown>>

/**
 * Scrapes a tracker over WebSocket, as bittorrent-tracker does.
 * @throws ScrapeFailure
 */
export async function scrapeWeb({ url, infoHashes, signal }: ScrapeQuestion): Promise<Scraped> {
  const hashes = infoHashes.map((hash) => Buffer.from(hash, 'hex').toString('latin1'))
  const answer = await ask(url, { action: 'scrape', info_hash: hashes }, signal)
  const reason = answer['failure reason']
  if (typeof reason === 'string') throw refused(Buffer.from(reason))
  const { files } = answer
  if (typeof files !== 'object' || files === null)
    throw new ScrapeFailure('the answer is not a scrape')
  const counts = infoHashes.flatMap((infoHash, n): [string, ScrapedCounts][] => {
    const entry = (files as Fields)[hashes[n] ?? '']
    return typeof entry === 'object' && entry
      ? [[infoHash, countsOf(new Map(Object.entries(entry)))]]
      : []
  })
  return new Map(counts)
}

/** Sends a message, and returns the first one that comes. The package is loaded only for this. */
async function ask(url: string, message: Fields, signal: AbortSignal): Promise<Fields> {
  const { WebSocket } = await import('ws')
  const socket = new WebSocket(url, { maxPayload: MAX_ANSWER, perMessageDeflate: false })
  // Also when nobody waits for it
  socket.on('error', () => undefined)
  try {
    await once(socket, 'open', { signal })
    const answers = on(socket, 'message', { signal, close: ['close'] })
    socket.send(JSON.stringify(message))
    for await (const [bytes] of answers) return readAnswer(bytes as Buffer)
  } catch (error) {
    throw error instanceof ScrapeFailure ? error : unanswered(error, signal)
  } finally {
    socket.terminate()
  }
  throw new ScrapeFailure('closes the connection without an answer')
}

function readAnswer(bytes: Buffer): Fields {
  try {
    return Object(JSON.parse(bytes.toString())) as Fields
  } catch {
    throw new ScrapeFailure('the answer is not a scrape')
  }
}
