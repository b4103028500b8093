import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import {
  refused,
  ScrapeFailure,
  unanswered,
  type Scraped,
  type ScrapeQuestion,
} from './swarm-counts.js'

/** Milliseconds before a packet is sent again, because it may be lost. */
const RESEND = 2500

/** A kind of request (BEP 15): its number, its name in errors, and the shortest answer in bytes. */
interface Action {
  readonly id: number
  readonly name: string
  readonly shortest: number
}

const CONNECT: Action = { id: 0, name: 'a connection', shortest: 16 }
export const ANNOUNCE: Action = { id: 1, name: 'an announce', shortest: 20 }
const SCRAPE: Action = { id: 2, name: 'a scrape', shortest: 8 }
const ERROR = 3

/** The connection id of a request for one. */
const PROTOCOL = Buffer.from('0000041727101980', 'hex')

/** Bytes of an answer's head: the action, and the transaction of the request. */
const HEAD = 8

/** Most info hashes in one packet. */
const MAX_SCRAPED = 74

/**
 * Scrapes a tracker over UDP (BEP 15).
 * @throws ScrapeFailure
 */
export async function scrapeUdp(question: ScrapeQuestion): Promise<Scraped> {
  const infoHashes = question.infoHashes.slice(0, MAX_SCRAPED)
  const { answer } = await askUdp(question, SCRAPE, Buffer.from(infoHashes.join(''), 'hex'))
  const known = infoHashes.slice(0, Math.floor(answer.length / 12))
  const counts = known.map((infoHash, n) => {
    const [seeds = 0, completed = 0, leechers = 0] = [0, 4, 8].map((at) => {
      return answer.readUInt32BE(12 * n + at)
    })
    return [infoHash, { seeds, leechers, completed }] as const
  })
  return new Map(counts)
}

/**
 * Returns what a tracker answers to a request over UDP, without the head, and the family of its
 * address.
 * @throws ScrapeFailure
 */
export async function askUdp(
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
  action: Action,
  body: Uint8Array,
): Promise<{ readonly answer: Buffer; readonly family: number }> {
  const { hostname, port } = new URL(url)
  if (port === '') throw new ScrapeFailure('its address has no port')
  let socket: Socket | null = null
  try {
    const { address, family } = await unlessAborted(
      lookup(hostname.replace(/^\[|\]$/g, '')),
      signal,
    )
    socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    // One that comes when nobody waits for an answer
    socket.on('error', () => undefined)
    // A connected socket receives nothing from other addresses
    socket.connect(Number(port), address)
    await once(socket, 'connect', { signal })
    const nothing = new Uint8Array(0)
    const connected = await exchange(socket, [PROTOCOL, CONNECT, nothing], signal)
    const connectionId = connected.subarray(0, 8)
    return { answer: await exchange(socket, [connectionId, action, body], signal), family }
  } catch (error) {
    if (error instanceof ScrapeFailure) throw error
    throw unanswered(error, signal)
  } finally {
    socket?.close()
  }
}

type UdpRequest = readonly [connectionId: Uint8Array, action: Action, body: Uint8Array]

/** Sends a packet repeatedly until its answer arrives. Returns that without its head. */
async function exchange(
  socket: Socket,
  [connectionId, action, body]: UdpRequest,
  signal: AbortSignal,
): Promise<Buffer> {
  const head = randomBytes(HEAD)
  head.writeUInt32BE(action.id)
  const transaction = head.subarray(4)
  const packet = Buffer.concat([connectionId, head, body])
  const send = () => {
    // A failure is reported by an event, or not at all
    socket.send(packet, () => undefined)
  }
  const timer = setInterval(send, RESEND)
  try {
    send()
    const answer = await new Promise<Buffer>((resolve, reject) => {
      socket.on('message', (bytes) => {
        if (bytes.length < HEAD || !bytes.subarray(4, HEAD).equals(transaction)) return
        const isShort = bytes.readUInt32BE() === action.id && bytes.length < action.shortest
        if (!isShort) resolve(bytes)
      })
      socket.once('error', reject)
      signal.addEventListener('abort', () => {
        reject(new ScrapeFailure('no answer in time'))
      })
    })
    const kind = answer.readUInt32BE()
    if (kind === ERROR) throw refused(answer.subarray(HEAD))
    if (kind !== action.id) throw new ScrapeFailure(`the answer is not ${action.name}`)
    return answer.subarray(HEAD)
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
