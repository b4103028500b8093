/** What a peer says has happened; `paused` is said by a partial seed (BEP 21). */
export type PeerEvent = 'none' | 'started' | 'stopped' | 'completed' | 'paused'

/** What a peer tells a tracker about itself, and asks of it. */
export interface PeerAnnounce {
  /** 20 bytes; those of a v2 torrent are the first 20 of its SHA-256. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** 16 bytes; an IPv4 address is mapped into IPv6 (`::ffff:a.b.c.d`). */
  readonly address: Uint8Array
  /** 0 to 65535; a peer at port 0 is counted and never given to others. */
  readonly port: number
  /** What the peer proves itself by when its address has changed; 0 for nothing. 32 bits. */
  readonly key: number
  readonly event: PeerEvent
  /** Whether nothing is left to download. */
  readonly isComplete: boolean
  /** How many peers to answer with at most. */
  readonly wanted: number
  /** Whether to answer with peer ids too. */
  readonly wantsIds: boolean
  /** Whether to fill up with peers of the other address family. */
  readonly wantsBothFamilies: boolean
}

/** What somebody wants of a swarm who does not take part in it. */
export interface OutsideWish extends Pick<PeerAnnounce, 'infoHash' | 'wanted' | 'wantsIds'> {
  /** Whether it is on this machine: only then are peers at loopback addresses of use to it. */
  readonly isLoopback: boolean
}

/** Why a peer was not taken. */
export type StoreRefusal =
  | 'full' // as many peers or swarms as there may be
  | 'too-many' // as many peers at the address as there may be

/** The counts of a swarm, as scrapes have them (BEP 48, BEP 21). */
export interface SwarmCounts {
  /** Seeds. */
  readonly complete: number
  /** All others, partial seeds among them. */
  readonly incomplete: number
  /** Those of `incomplete` that download: all but the partial seeds. */
  readonly downloaders: number
  /** How often the whole was downloaded. */
  readonly downloaded: number
}

/** An answer to an announce. Its bytes are those of the store: they last until the next announce. */
export interface AnnounceAnswer extends SwarmCounts {
  /** null: the peer was taken. */
  readonly refusal: StoreRefusal | null
  /** Six bytes a peer: address and port (BEP 23). */
  readonly peers4: Uint8Array
  /** Eighteen bytes a peer (BEP 7). */
  readonly peers6: Uint8Array
  /** The peer ids of `peers4`, twenty bytes each, where they were wanted. */
  readonly ids4: Uint8Array
  readonly ids6: Uint8Array
}

/** A swarm in a list. */
export interface SwarmSummary extends SwarmCounts {
  readonly infoHash: Uint8Array
}

/** A part of a list. */
export interface SwarmPage {
  readonly swarms: readonly SwarmSummary[]
  /** Where the next part begins; null at the end. */
  readonly next: number | null
}

export interface StoreTotals {
  readonly swarms: number
  readonly peers: number
  readonly seeds: number
}

/** Takes back what `save` gave. */
export interface SwarmRestorer {
  /**
   * Takes the next bytes, however they are cut.
   * @throws BtkitError `io` when they are none that `save` gave
   */
  readonly write: (bytes: Uint8Array) => void
  /** @throws BtkitError `io` when bytes are missing */
  readonly end: () => void
}

/** How much a store may hold. */
export interface StoreLimits {
  readonly maxPeers: number
  readonly maxSwarms: number
  /** Peers at one IPv4 address or in one /64 of IPv6, in all swarms. */
  readonly maxPerAddress: number
  /** The same, in one swarm. At most 65535. */
  readonly maxPerAddressInSwarm: number
  /** Seconds after which a peer that was not heard of is forgotten. */
  readonly peerTimeout: number
  /** Whether swarms without peers stay that nobody has completed; they do not by default. */
  readonly keepsEmpty: boolean
}
