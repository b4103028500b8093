import { PeerFlag } from './peer-table.js'

/** What a saved record begins with. */
export const RecordKind = { swarm: 1, peer4: 2, peer6: 3, end: 4 } as const

/** Kind, info hash, completed. */
export const SWARM_SIZE = 1 + 20 + 4
const HEAD = 1 + 1 + 4 + 2 + 4 + 20
/** Kind, flags, age, port, key, peer id, address. */
export const PEER4_SIZE = HEAD + 4
export const PEER6_SIZE = HEAD + 16

/** A peer as it is saved. */
export interface PeerFields {
  /** See `PeerFlag`. */
  readonly flags: number
  /** Seconds since it was heard of. */
  readonly age: number
  readonly port: number
  readonly key: number
  readonly id: Uint8Array
  /** 16 bytes. */
  readonly address: Uint8Array
}

export function writeSwarm(to: Uint8Array, infoHash: Uint8Array, completed: number): void {
  to[0] = RecordKind.swarm
  to.set(infoHash, 1)
  viewOf(to).setUint32(21, completed)
}

export function writePeer(to: Uint8Array, peer: PeerFields): void {
  const view = viewOf(to)
  const isV6 = (peer.flags & PeerFlag.v6) !== 0
  to[0] = isV6 ? RecordKind.peer6 : RecordKind.peer4
  to[1] = peer.flags
  view.setUint32(2, peer.age)
  view.setUint16(6, peer.port)
  view.setUint32(8, peer.key)
  to.set(peer.id, 12)
  to.set(isV6 ? peer.address : peer.address.subarray(12), HEAD)
}

/** Reads records at places in bytes, without an object for each. */
export class RecordReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #address = new Uint8Array(16)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  infoHash(at: number): Uint8Array {
    return this.#bytes.subarray(at + 1, at + 21)
  }

  completed(at: number): number {
    return this.#view.getUint32(at + 21)
  }

  /** The peer of a record; its address lasts until the next is read. */
  peer(at: number): PeerFields {
    const isV6 = this.#bytes[at] === RecordKind.peer6
    if (!isV6) this.#address.fill(0, 0, 10).fill(0xff, 10, 12)
    for (let n = isV6 ? 0 : 12, from = at + HEAD; n < 16; n += 1, from += 1) {
      this.#address[n] = this.#bytes[from] ?? 0
    }
    return {
      flags: this.#bytes[at + 1] ?? 0,
      age: this.#view.getUint32(at + 2),
      port: this.#view.getUint16(at + 6),
      key: this.#view.getUint32(at + 8),
      id: this.#bytes.subarray(at + 12, at + HEAD),
      address: this.#address,
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
