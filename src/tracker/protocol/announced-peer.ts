import type { PeerEvent } from '../swarms/swarm-store.js'

/** As they were meant, each character a byte: nothing is checked. */
export interface ClaimedAddresses {
  /** BEP 3. */
  readonly ip: string | null
  /** BEP 7. */
  readonly ipv4: string | null
  readonly ipv6: string | null
}

/** What a peer says of itself, over HTTP and UDP alike. */
export interface AnnouncedPeer {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly port: number
  /** See `PeerAnnounce`. */
  readonly key: number
  readonly event: PeerEvent
  readonly isComplete: boolean
  /** null: as many as the tracker likes. */
  readonly wanted: number | null
  /** Addresses that the client says are its own; null where it says none. */
  readonly claimed: ClaimedAddresses | null
}
