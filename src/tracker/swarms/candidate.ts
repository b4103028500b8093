import { isMappedV4 } from './address-kinds.js'
import type { PeerAnnounce } from './swarm-store.js'

/** The identity of the peer that is looked up, in words like in the tables. */
export class Candidate {
  readonly id = new Uint32Array(5)
  readonly address = new Uint32Array(4)
  isV6 = false
  port = 0
  /** See `PeerAnnounce`. */
  key = 0
  readonly #idBytes = new Uint8Array(this.id.buffer)
  readonly #addressBytes = new Uint8Array(this.address.buffer)

  /** Loads another peer. */
  load({
    peerId,
    address,
    port,
    key,
  }: Pick<PeerAnnounce, 'peerId' | 'address' | 'port' | 'key'>): void {
    copyBytes(peerId, this.#idBytes)
    copyBytes(address, this.#addressBytes)
    this.isV6 = !isMappedV4(this.#addressBytes)
    this.port = port
    this.key = key
  }
}

/** Fills `to`. For a few bytes a loop is faster than `set`. */
export function copyBytes(from: Uint8Array, to: Uint8Array): void {
  for (let at = 0; at < to.length; at += 1) to[at] = from[at] ?? 0
}
