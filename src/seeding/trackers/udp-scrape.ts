import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { once, setMaxListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { askByUdp } from '../udp-question.js'
import {
  firstAnswer,
  refused,
  ScrapeFailure,
  unanswered,
  type Scraped,
  type ScrapeQuestion,
} from './swarm-counts.js'

/** Milliseconds before a packet is sent again, because it may be lost. */
const RESEND = 2500

/** Milliseconds until the next address of a tracker is tried beside those before it (RFC 8305). */
const NEXT = 250

/** Most addresses of a tracker that are tried: anybody's name may have any number. */
const MOST_ADDRESSES = 16

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

/** A socket to the first address of a tracker that answered, and the connection id from there. */
interface Connected extends LookupAddress {
  readonly socket: Socket
  readonly connectionId: Uint8Array
}

/**
 * Returns what a tracker answers to a request over UDP, without the head, and the family of its
 * address. `family` is the only one to ask (default: both).
 * @throws ScrapeFailure
 */
export async function askUdp(
  { url, signal, family = 0 }: { url: string; signal: AbortSignal; family?: number | undefined },
  action: Action,
  body: Uint8Array,
): Promise<{ readonly answer: Buffer; readonly family: number }> {
  const { hostname, port } = new URL(url)
  if (port === '') throw new ScrapeFailure('its address has no port')
  const sockets = new Set<Socket>()
  try {
    const host = hostname.replace(/^\[|\]$/g, '')
    const addresses = await unlessAborted(lookup(host, { all: true, family }), signal)
    const first = await connectFirst(alternate(addresses), signal, async (each, bounded) => {
      const socket = createSocket(each.family === 6 ? 'udp6' : 'udp4')
      sockets.add(socket)
      // One that comes when nobody waits for an answer
      socket.on('error', () => undefined)
      // A connected socket receives nothing from other addresses
      socket.connect(Number(port), each.address)
      await once(socket, 'connect', { signal: bounded })
      const connected = await exchange(socket, PROTOCOL, CONNECT, new Uint8Array(0), bounded)
      return { ...each, socket, connectionId: connected.subarray(0, 8) }
    })
    const answer = await exchange(first.socket, first.connectionId, action, body, signal)
    return { answer, family: first.family }
  } catch (error) {
    if (error instanceof ScrapeFailure) throw error
    throw unanswered(error, signal)
  } finally {
    for (const socket of sockets) socket.close()
  }
}

/** Orders addresses so that families alternate (RFC 8305), beginning with that of the first one. */
function alternate(all: readonly LookupAddress[]): LookupAddress[] {
  const some = all.slice(0, MOST_ADDRESSES)
  const rank = (one: LookupAddress) => {
    return some.filter(({ family }) => family === one.family).indexOf(one)
  }
  return some.toSorted((a, b) => rank(a) - rank(b))
}

/**
 * Connects to addresses one after the other, to the next when one fails or is silent for a moment.
 * Returns the first that answers.
 */
async function connectFirst(
  addresses: readonly LookupAddress[],
  signal: AbortSignal,
  connect: (address: LookupAddress, signal: AbortSignal) => Promise<Connected>,
): Promise<Connected> {
  const isFound = new AbortController()
  const bounded = AbortSignal.any([signal, isFound.signal])
  setMaxListeners(0, bounded)
  const attempts: Promise<Connected>[] = []
  for (const [n, each] of addresses.entries()) {
    const failed = attempts.at(-1)?.catch(() => undefined)
    const turn = failed && Promise.race([failed, setTimeout(n * NEXT, null, { signal: bounded })])
    const begin = () => {
      bounded.throwIfAborted()
      return connect(each, bounded)
    }
    attempts.push(Promise.resolve(turn).then(begin))
  }
  try {
    return await firstAnswer(attempts)
  } finally {
    isFound.abort()
  }
}

/** Asks by a packet. Returns the answer without its head. */
async function exchange(
  socket: Socket,
  connectionId: Uint8Array,
  action: Action,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<Buffer> {
  const head = randomBytes(HEAD)
  head.writeUInt32BE(action.id)
  const transaction = head.subarray(4)
  const packet = Buffer.concat([connectionId, head, body])
  const answer = await askByUdp(socket, packet, {
    read: (bytes) => {
      if (bytes.length < HEAD || !bytes.subarray(4, HEAD).equals(transaction)) return null
      const isShort = bytes.readUInt32BE() === action.id && bytes.length < action.shortest
      return isShort ? null : bytes
    },
    pauseAfter: () => RESEND,
    signal,
  })
  const kind = answer.readUInt32BE()
  if (kind === ERROR) throw refused(answer.subarray(HEAD))
  if (kind !== action.id) throw new ScrapeFailure(`the answer is not ${action.name}`)
  return answer.subarray(HEAD)
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = once(signal, 'abort').then(() => {
    throw new ScrapeFailure('no answer in time')
  })
  return Promise.race([promise, aborted])
}
