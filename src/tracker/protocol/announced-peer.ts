import type { PeerEvent } from '../swarms/swarm-types.js'

/** The addresses that a client claims, unchecked. Each character stands for a byte. */
export interface ClaimedAddresses {
  /** BEP 3. */
  readonly ip: string | null
  /** BEP 7. */
  readonly ipv4: string | null
  readonly ipv6: string | null
}

/** A peer's announce, common to HTTP and UDP. */
export interface AnnouncedPeer {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly port: number
  /** See `PeerAnnounce`. */
  readonly key: number
  readonly event: PeerEvent
  readonly isComplete: boolean
  /** Number of peers requested; null for the tracker's default. */
  readonly wanted: number | null
  /** The addresses that the client claims; null if it claims none. */
  readonly claimed: ClaimedAddresses | null
}
