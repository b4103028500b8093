import { addressOf, digestOf } from '../swarms/store.js'

/** Requests a connection id. */
export function connectPacket(transaction = 1): Buffer {
  const packet = Buffer.from('00000417271019800000000000000000', 'hex')
  packet.writeUInt32BE(transaction, 12)
  return packet
}

export interface AnnounceFields {
  readonly torrent?: string
  readonly peer?: string
  readonly port?: number
  readonly left?: bigint
  /** 0 none, 1 completed, 2 started, 3 stopped. */
  readonly event?: number
  readonly key?: number
  readonly wanted?: number
  readonly ip?: string
  readonly transaction?: number
}

/** An announce as in BEP 15. */
export function announcePacket(id: Uint8Array, fields: AnnounceFields = {}): Buffer {
  const packet = begin(98, id, { action: 1, transaction: fields.transaction ?? 1 })
  packet.set(digestOf(fields.torrent ?? 'torrent'), 16)
  packet.set(digestOf(fields.peer ?? 'peer'), 36)
  packet.writeBigUInt64BE(fields.left ?? 1n, 64)
  packet.writeUInt32BE(fields.event ?? 0, 80)
  if (fields.ip !== undefined) packet.set(addressOf(fields.ip).subarray(12), 84)
  packet.writeUInt32BE(fields.key ?? 0, 88)
  packet.writeInt32BE(fields.wanted ?? -1, 92)
  packet.writeUInt16BE(fields.port ?? 6881, 96)
  return packet
}

export function scrapePacket(id: Uint8Array, torrents: readonly string[]): Buffer {
  const packet = begin(16 + 20 * torrents.length, id, { action: 2, transaction: 1 })
  torrents.forEach((torrent, n) => {
    packet.set(digestOf(torrent), 16 + 20 * n)
  })
  return packet
}

function begin(
  length: number,
  id: Uint8Array,
  head: { action: number; transaction: number },
): Buffer {
  const packet = Buffer.alloc(length)
  packet.set(id)
  packet.writeUInt32BE(head.action, 8)
  packet.writeUInt32BE(head.transaction, 12)
  return packet
}
