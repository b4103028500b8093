import type { PeerEvent, SwarmCounts } from '../swarms/swarm-store.js'
import type { AnnouncedPeer } from './announced-peer.js'
import { readUrlData } from './url-data.js'

/** What a packet of a client asks for (BEP 15). */
export type UdpRequest = UdpConnect | UdpAnnounce | UdpScrape

/** What all requests have: 32 bits that the answer repeats. Their first eight bytes are an id. */
interface Transaction {
  readonly transaction: number
}

export interface UdpConnect extends Transaction {
  readonly kind: 'connect'
}

export interface UdpAnnounce extends Transaction, AnnouncedPeer {
  readonly kind: 'announce'
  /** Four bytes, where the client says that it is at another IPv4 address; else null. */
  readonly claimed: Uint8Array | null
  /** Path and query of the tracker's URL, where the client tells them (BEP 41); else null. */
  readonly url: string | null
}

export interface UdpScrape extends Transaction {
  readonly kind: 'scrape'
  readonly infoHashes: readonly Uint8Array[]
}

const Action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** What stands for a connection id before there is one: 0x41727101980. */
const PROTOCOL_HIGH = 0x417
const PROTOCOL_LOW = 0x27101980
const ANNOUNCE_SIZE = 98
const MAX_SCRAPED = 74
const EVENTS: readonly PeerEvent[] = ['none', 'completed', 'started', 'stopped', 'paused']

/** The longest error that is sent, in bytes. */
const MAX_ERROR = 400

/** Null for what is no request, and deserves no answer. */
export function readUdpRequest(packet: Buffer): UdpRequest | null {
  if (packet.length < 16) return null
  switch (packet.readUInt32BE(8)) {
    case Action.connect:
      return readConnect(packet)
    case Action.announce:
      return packet.length < ANNOUNCE_SIZE ? null : readAnnounce(packet)
    case Action.scrape:
      return readScrape(packet)
    default:
      return null
  }
}

function readConnect(packet: Buffer): UdpConnect | null {
  const isOurs = packet.readUInt32BE(0) === PROTOCOL_HIGH && packet.readUInt32BE(4) === PROTOCOL_LOW
  return isOurs ? { kind: 'connect', transaction: packet.readUInt32BE(12) } : null
}

function readAnnounce(packet: Buffer): UdpAnnounce {
  const wanted = packet.readInt32BE(92)
  return {
    kind: 'announce',
    transaction: packet.readUInt32BE(12),
    infoHash: packet.subarray(16, 36),
    peerId: packet.subarray(36, 56),
    isComplete: packet.readUInt32BE(64) === 0 && packet.readUInt32BE(68) === 0,
    event: EVENTS[packet.readUInt32BE(80)] ?? 'none',
    claimed: packet.readUInt32BE(84) === 0 ? null : packet.subarray(84, 88),
    // No key is no proof
    key: packet.readUInt32BE(88),
    wanted: wanted < 0 ? null : wanted,
    port: packet.readUInt16BE(96),
    url: packet.length === ANNOUNCE_SIZE ? null : readUrlData(packet.subarray(ANNOUNCE_SIZE)),
  }
}

function readScrape(packet: Buffer): UdpScrape | null {
  const count = Math.floor((packet.length - 16) / 20)
  if (count === 0 || count > MAX_SCRAPED) return null
  const infoHashes = Array.from({ length: count }, (_, n) => {
    return packet.subarray(16 + 20 * n, 36 + 20 * n)
  })
  return { kind: 'scrape', transaction: packet.readUInt32BE(12), infoHashes }
}

/** As long as the request. */
export function formatConnected({ transaction }: Transaction, connectionId: Uint8Array): Buffer {
  const packet = begin(16, Action.connect, transaction)
  packet.set(connectionId, 8)
  return packet
}

/** The counts, and peers of one address family. */
export function formatAnnounced(
  { transaction }: Transaction,
  { complete, incomplete }: Pick<SwarmCounts, 'complete' | 'incomplete'>,
  { interval, peers }: { readonly interval: number; readonly peers: Uint8Array },
): Buffer {
  const packet = begin(20 + peers.length, Action.announce, transaction)
  packet.writeUInt32BE(interval, 8)
  packet.writeUInt32BE(incomplete, 12)
  packet.writeUInt32BE(complete, 16)
  packet.set(peers, 20)
  return packet
}

/** Shorter than the request. */
export function formatScraped(
  { transaction }: Transaction,
  scraped: readonly SwarmCounts[],
): Buffer {
  const packet = begin(8 + 12 * scraped.length, Action.scrape, transaction)
  scraped.forEach(({ complete, downloaded, incomplete }, n) => {
    packet.writeUInt32BE(complete, 8 + 12 * n)
    packet.writeUInt32BE(downloaded, 12 + 12 * n)
    packet.writeUInt32BE(incomplete, 16 + 12 * n)
  })
  return packet
}

/** Says why, cut to a length, so that no answer is longer than its request. */
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
  packet.writeUInt32BE(action, 0)
  packet.writeUInt32BE(transaction, 4)
  return packet
}
