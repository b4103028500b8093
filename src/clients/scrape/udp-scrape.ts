import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { refused } from './read-scrape.js'
import { ScrapeFailure, type Scraped, type ScrapeQuestion } from './swarm-counts.js'
import {
  formatConnect,
  formatScrape,
  MAX_SCRAPED,
  readUdpAnswer,
  type UdpAnswer,
} from './udp-packets.js'

/** Milliseconds before a packet is sent again, because it may be lost. */
const RESEND = 2500

/**
 * Scrapes a tracker over UDP (BEP 15).
 * @throws ScrapeFailure
 */
export async function scrapeUdp(question: ScrapeQuestion): Promise<Scraped> {
  const infoHashes = question.infoHashes.slice(0, MAX_SCRAPED)
  const { answer: scraped } = await askUdp(question, (connectionId, transaction) => {
    return formatScrape(transaction, connectionId, infoHashes)
  })
  if (scraped.kind !== 'scraped') throw new ScrapeFailure('the answer is not a scrape')
  return new Map(
    scraped.counts.flatMap((counts, n) => {
      const infoHash = infoHashes[n]
      return infoHash === undefined ? [] : [[infoHash, counts] as const]
    }),
  )
}

/** Spells a request with the id of the connection and of the request. */
type FormatRequest = (connectionId: Uint8Array, transaction: Uint8Array) => Buffer

/**
 * Returns what a tracker answers to a request over UDP, and the family of its address.
 * @throws ScrapeFailure
 */
export async function askUdp(
  { url, signal }: Pick<ScrapeQuestion, 'url' | 'signal'>,
  format: FormatRequest,
): Promise<{ readonly answer: UdpAnswer; readonly family: number }> {
  const { hostname, port } = new URL(url)
  if (port === '') throw new ScrapeFailure('its address has no port')
  let socket: Socket | null = null
  try {
    const { address, family } = await unlessAborted(
      lookup(hostname.replace(/^\[|\]$/g, '')),
      signal,
    )
    socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    // A connected socket receives nothing from other addresses
    socket.connect(Number(port), address)
    await once(socket, 'connect', { signal })
    const connected = await exchange(socket, formatConnect, signal)
    if (connected.kind !== 'connected') throw new ScrapeFailure('the answer is not a connection')
    const { connectionId } = connected
    return { answer: await exchange(socket, (own) => format(connectionId, own), signal), family }
  } catch (error) {
    if (error instanceof ScrapeFailure) throw error
    throw new ScrapeFailure(signal.aborted ? 'no answer in time' : 'cannot be reached')
  } finally {
    socket?.close()
  }
}

/** Sends a packet repeatedly until its answer arrives. */
async function exchange(
  socket: Socket,
  format: (transaction: Uint8Array) => Buffer,
  signal: AbortSignal,
): Promise<UdpAnswer> {
  const transaction = randomBytes(4)
  const packet = format(transaction)
  const send = () => {
    // A failure is reported by an event, or not at all
    socket.send(packet, () => undefined)
  }
  const timer = setInterval(send, RESEND)
  try {
    send()
    const answer = await new Promise<UdpAnswer>((resolve, reject) => {
      socket.on('message', (bytes) => {
        const answer = readUdpAnswer(bytes, transaction)
        if (answer) resolve(answer)
      })
      socket.once('error', reject)
      signal.addEventListener('abort', () => {
        reject(new ScrapeFailure('no answer in time'))
      })
    })
    if (answer.kind === 'error') throw refused(answer.reason)
    return answer
  } finally {
    clearInterval(timer)
    socket.removeAllListeners('message')
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = once(signal, 'abort').then(() => {
    throw new ScrapeFailure('no answer in time')
  })
  return Promise.race([promise, aborted])
}
