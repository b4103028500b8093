import type { PeerEvent } from '../swarms/swarm-store.js'

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
}
