import type { AnnouncedPeer } from '../answers/tracker-answers.js'
import type { PeerEvent, SwarmCounts } from '../swarms/swarm-types.js'

/** A request over UDP (BEP 15). */
export type UdpRequest = UdpConnect | UdpAnnounce | UdpScrape | UdpMalformed

/** The transaction number of a request, 32 bits. The answer repeats it. */
interface Transaction {
  readonly transaction: number
}

interface UdpConnect extends Transaction {
  readonly kind: 'connect'
}

export interface UdpAnnounce extends Transaction, AnnouncedPeer {
  readonly kind: 'announce'
}

export interface UdpScrape extends Transaction {
  readonly kind: 'scrape'
  readonly infoHashes: readonly Uint8Array[]
}

/** A request that is incomplete: its client gets an error. */
interface UdpMalformed extends Transaction {
  readonly kind: 'malformed'
  readonly reason: string
}

const Action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** The protocol's magic number 0x41727101980, sent in place of a connection id. */
const PROTOCOL_HIGH = 0x417
const PROTOCOL_LOW = 0x27101980
const ANNOUNCE_SIZE = 98
const MAX_SCRAPED = 74
const EVENTS: readonly PeerEvent[] = ['none', 'completed', 'started', 'stopped', 'paused']

/** The longest error that is sent, in bytes. */
const MAX_ERROR = 400

/** Options after an announce (BEP 41): the end, one byte of nothing, and a part of the URL. */
const Option = { end: 0, nothing: 1, urlData: 2 } as const

/** Most bytes of a packet that are read: networks carry no more in one. */
export const MOST_READ = 1500

/** Parses packets. */
export class UdpReader {
  // Copied, because views into each packet would take longer than the rest of parsing
  readonly #infoHash = new Uint8Array(20)
  readonly #peerId = new Uint8Array(20)

  /**
   * Parses one packet; null if it is not a request and gets no answer. The bytes of an announce are
   * valid until the next call.
   */
  read(packet: Buffer, isIPv6: boolean): UdpRequest | null {
    if (packet.length < 16) return null
    switch (readWord(packet, 8)) {
      case Action.connect:
        return readConnect(packet)
      case Action.announce:
        return packet.length < ANNOUNCE_SIZE
          ? malformed(packet, `an announce has ${ANNOUNCE_SIZE} bytes`)
          : this.#readAnnounce(packet, isIPv6)
      case Action.scrape:
        return readScrape(packet)
      default:
        return null
    }
  }

  #readAnnounce(packet: Buffer, isIPv6: boolean): UdpAnnounce {
    copyFrom(packet, 16, this.#infoHash)
    copyFrom(packet, 36, this.#peerId)
    const wanted = readWord(packet, 92) | 0
    return {
      kind: 'announce',
      transaction: readWord(packet, 12),
      infoHash: this.#infoHash,
      peerId: this.#peerId,
      isComplete: readWord(packet, 64) === 0 && readWord(packet, 68) === 0,
      event: EVENTS[readWord(packet, 80)] ?? 'none',
      claimed: claimedIn(packet, isIPv6),
      // A key of 0 proves nothing
      key: readWord(packet, 88),
      wanted: wanted < 0 ? null : wanted,
      port: readWord(packet, 94) & 0xffff,
    }
  }
}

/**
 * The address that a client claims; null if it claims none. Its field is for IPv4 only (BEP 15).
 * All URLs lead to this tracker, but one may have the address in its query, as over HTTP.
 */
function claimedIn(packet: Buffer, isIPv6: boolean): string | null {
  if (!isIPv6 && readWord(packet, 84) !== 0) return packet.subarray(84, 88).join('.')
  if (packet.length === ANNOUNCE_SIZE) return null
  const [, query = ''] = urlDataOf(packet).split('?', 2)
  return new URLSearchParams(query).get('ip')
}

/** The path and query of the tracker's URL in the options of an announce. */
function urlDataOf(packet: Buffer): string {
  const length = Math.min(packet.length, MOST_READ)
  let url = ''
  for (let at = ANNOUNCE_SIZE; at < length && packet[at] !== Option.end;) {
    const end = packet[at] === Option.nothing ? at + 1 : at + 2 + (packet[at + 1] ?? 0)
    if (packet[at] === Option.urlData) url += packet.toString('latin1', at + 2, end)
    at = end
  }
  return url
}

/** Copies a few bytes in a loop, which is faster than `set` on a view. */
function copyFrom(packet: Buffer, from: number, to: Uint8Array): void {
  for (let at = 0; at < to.length; at += 1) to[at] = packet[from + at] ?? 0
}

function readConnect(packet: Buffer): UdpConnect | null {
  const isOurs = readWord(packet, 0) === PROTOCOL_HIGH && readWord(packet, 4) === PROTOCOL_LOW
  return isOurs ? { kind: 'connect', transaction: readWord(packet, 12) } : null
}

function malformed(packet: Buffer, reason: string): UdpMalformed {
  return { kind: 'malformed', transaction: readWord(packet, 12), reason }
}

/** Reads as many info hashes as an answer may have; BEP 15 allows no more. */
function readScrape(packet: Buffer): UdpScrape | UdpMalformed {
  const count = Math.min(MAX_SCRAPED, Math.floor((packet.length - 16) / 20))
  if (count === 0) return malformed(packet, 'name the torrents to scrape')
  const infoHashes = Array.from({ length: count }, (_, n) => {
    return packet.subarray(16 + 20 * n, 36 + 20 * n)
  })
  return { kind: 'scrape', transaction: readWord(packet, 12), infoHashes }
}

/** Encodes the answer to a connect. It is as long as the request. */
export function formatConnected({ transaction }: Transaction, connectionId: Uint8Array): Buffer {
  const packet = begin(16, Action.connect, transaction)
  packet.set(connectionId, 8)
  return packet
}

/** Encodes the answer to an announce: counts, and peers of one address family. */
export function formatAnnounced(
  { transaction }: Transaction,
  { complete, incomplete }: Pick<SwarmCounts, 'complete' | 'incomplete'>,
  interval: number,
  peers: Uint8Array,
): Buffer {
  const packet = begin(20 + peers.length, Action.announce, transaction)
  writeWord(packet, interval, 8)
  writeWord(packet, incomplete, 12)
  writeWord(packet, complete, 16)
  packet.set(peers, 20)
  return packet
}

/** Encodes the answer to a scrape. It is shorter than the request. */
export function formatScraped(
  { transaction }: Transaction,
  scraped: readonly SwarmCounts[],
): Buffer {
  const packet = begin(8 + 12 * scraped.length, Action.scrape, transaction)
  scraped.forEach(({ complete, downloaded, incomplete }, n) => {
    writeWord(packet, complete, 8 + 12 * n)
    writeWord(packet, downloaded, 12 + 12 * n)
    writeWord(packet, incomplete, 16 + 12 * n)
  })
  return packet
}

/** Encodes an error message, cut so that the answer is not longer than its request. */
export function formatError(
  { transaction }: Transaction,
  reason: string,
  maxLength: number,
): Buffer {
  const words = Buffer.from(reason, 'utf8').subarray(
    0,
    Math.max(0, Math.min(MAX_ERROR, maxLength - 8)),
  )
  const packet = begin(8 + words.length, Action.error, transaction)
  packet.set(words, 8)
  return packet
}

function begin(length: number, action: number, transaction: number): Buffer {
  const packet = Buffer.allocUnsafe(length)
  writeWord(packet, action, 0)
  writeWord(packet, transaction, 4)
  return packet
}

/**
 * Reads four bytes as a big-endian number. It takes half the time of Buffer's method, and an
 * announce needs a dozen such numbers.
 */
function readWord(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16)
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}

/** Writes four bytes as a big-endian number. */
function writeWord(bytes: Uint8Array, word: number, at: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}
