import type { ScrapedCounts } from './swarm-counts.js'

const Action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

const PROTOCOL = Buffer.from('0000041727101980', 'hex')

/** Most info hashes in one packet (BEP 15). */
export const MAX_SCRAPED = 74

/** The answer of a tracker. */
export type UdpAnswer =
  | { readonly kind: 'connected'; readonly connectionId: Uint8Array }
  | { readonly kind: 'announced'; readonly interval: number; readonly peers: Buffer }
  | { readonly kind: 'scraped'; readonly counts: readonly ScrapedCounts[] }
  | { readonly kind: 'error'; readonly reason: Uint8Array }

/** Asks for a connection id (BEP 15); the answer repeats the transaction, which has four bytes. */
export function formatConnect(transaction: Uint8Array): Buffer {
  return Buffer.concat([PROTOCOL, actionBytes(Action.connect), transaction])
}

/** Asks for the counts of info hashes, given in hexadecimal. */
export function formatScrape(
  transaction: Uint8Array,
  connectionId: Uint8Array,
  infoHashes: readonly string[],
): Buffer {
  const head = [connectionId, actionBytes(Action.scrape), transaction]
  return Buffer.concat([...head, Buffer.from(infoHashes.join(''), 'hex')])
}

/** An announce of a seed. Hashes and ids have 20 bytes. */
export interface UdpAnnounce {
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly uploaded: number
  readonly event: 'started' | 'stopped' | null
  /** Identifies the client if its address changes. */
  readonly key: number
  readonly wanted: number
  readonly port: number
}

const EVENTS = { started: 2, stopped: 3 } as const

/** Announces a torrent of which nothing is left to download. */
export function formatAnnounce(
  transaction: Uint8Array,
  connectionId: Uint8Array,
  announce: UdpAnnounce,
): Buffer {
  const rest = Buffer.alloc(42)
  rest.writeBigUInt64BE(BigInt(announce.uploaded), 16)
  rest.writeUInt32BE(announce.event === null ? 0 : EVENTS[announce.event], 24)
  rest.writeUInt32BE(announce.key, 32)
  rest.writeInt32BE(announce.wanted, 36)
  rest.writeUInt16BE(announce.port, 40)
  const { infoHash, peerId } = announce
  return Buffer.concat([
    connectionId,
    actionBytes(Action.announce),
    transaction,
    infoHash,
    peerId,
    rest,
  ])
}

/** Reads the answer to a transaction; null for any other packet. */
export function readUdpAnswer(packet: Buffer, transaction: Uint8Array): UdpAnswer | null {
  if (packet.length < 8 || Buffer.compare(packet.subarray(4, 8), transaction) !== 0) return null
  switch (packet.readUInt32BE(0)) {
    case Action.connect:
      return packet.length < 16 ? null : { kind: 'connected', connectionId: packet.subarray(8, 16) }
    case Action.announce:
      if (packet.length < 20) return null
      return { kind: 'announced', interval: packet.readUInt32BE(8), peers: packet.subarray(20) }
    case Action.scrape:
      return { kind: 'scraped', counts: readCounts(packet) }
    case Action.error:
      return { kind: 'error', reason: packet.subarray(8) }
    default:
      return null
  }
}

function readCounts(packet: Buffer): ScrapedCounts[] {
  const count = Math.min(MAX_SCRAPED, Math.floor((packet.length - 8) / 12))
  return Array.from({ length: count }, (_, n) => ({
    seeds: packet.readUInt32BE(8 + 12 * n),
    completed: packet.readUInt32BE(12 + 12 * n),
    leechers: packet.readUInt32BE(16 + 12 * n),
  }))
}

function actionBytes(action: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(action)
  return bytes
}
