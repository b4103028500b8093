/** The event of an announce. Partial seeds send `paused` (BEP 21). */
export type PeerEvent = 'none' | 'started' | 'stopped' | 'completed' | 'paused'

/** A peer's announce. */
export interface PeerAnnounce {
  /** 20 bytes; for v2 torrents the first 20 of the SHA-256. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** 16 bytes; an IPv4 address is mapped into IPv6 (`::ffff:a.b.c.d`). */
  readonly address: Uint8Array
  /** 0 to 65535. A peer at port 0 is counted but never given to others. */
  readonly port: number
  /** 32 bits that identify a peer after its address has changed; 0 for none. */
  readonly key: number
  readonly event: PeerEvent
  /** Whether nothing is left to download. */
  readonly isComplete: boolean
  /** The most peers in the answer. */
  readonly wanted: number
  /** Whether the answer includes peer ids. */
  readonly wantsIds: boolean
  /** Whether to fill up with peers of the other address family. */
  readonly wantsBothFamilies: boolean
}

/** A change of a swarm that other trackers must know. */
export interface SwarmChange {
  /** Its bytes are valid during the call. */
  readonly announce: PeerAnnounce
  /** See `PeerFlag`. */
  readonly flags: number
  /** Whether the peer completed its download, which the tracker has counted. */
  readonly isDownload: boolean
  /** When the peer was heard, on the clock of the swarms. */
  readonly at: number
}

/** Why a peer was refused. */
export type StoreRefusal =
  | 'full' // the store has no room for another peer or swarm
  | 'too-many' // the address has reached its limit of peers

/** The counts of a swarm for scrapes (BEP 48, BEP 21). */
export interface SwarmCounts {
  /** Number of seeds. */
  readonly complete: number
  /** Number of all other peers, including partial seeds. */
  readonly incomplete: number
  /** Number of peers that download: `incomplete` without the partial seeds. */
  readonly downloaders: number
  /** Number of completed downloads. */
  readonly downloaded: number
}

/**
 * The answer to an announce. Its bytes belong to the store and are valid until the next announce.
 */
export interface AnnounceAnswer extends SwarmCounts {
  /** Null if the peer was accepted. */
  readonly refusal: StoreRefusal | null
  /** Six bytes per peer: address and port (BEP 23). */
  readonly peers4: Uint8Array
  /** 18 bytes per peer (BEP 7). */
  readonly peers6: Uint8Array
  /** The peer ids for `peers4`, 20 bytes each; empty if not requested. */
  readonly ids4: Uint8Array
  readonly ids6: Uint8Array
}

/** A swarm in a listing. */
export interface SwarmSummary extends SwarmCounts {
  readonly infoHash: Uint8Array
}

export interface StoreTotals {
  readonly swarms: number
  readonly peers: number
  readonly seeds: number
}

/** Limits of a store: the usual ones. */
export const USUAL_LIMITS = {
  maxPeers: 1_000_000,
  maxSwarms: 200_000,
  /** Peers at one IPv4 address or in one /64 of IPv6, in all swarms. */
  maxPerAddress: 10_000,
  /** The same, in one swarm. At most 65535. */
  maxPerAddressInSwarm: 200,
  /** Seconds after its last announce until a peer expires. */
  peerTimeout: 2700,
  /** Whether swarms without peers and without completed downloads are kept. */
  keepsEmpty: false,
}

export type StoreLimits = Readonly<typeof USUAL_LIMITS>

/** Whether 16 bytes are an IPv4 address mapped into IPv6. */
export function isMappedV4(address: Uint8Array): boolean {
  for (let at = 0; at < 10; at += 1) if (address[at] !== 0) return false
  return address[10] === 0xff && address[11] === 0xff
}

/**
 * Whether a peer can be at an address of 16 bytes: false if it is unspecified, multicast or
 * reserved.
 */
export function isConnectable(address: Uint8Array): boolean {
  if (isMappedV4(address)) {
    const first = address[12] ?? 0
    return first !== 0 && first < 224
  }
  return address[0] !== 0xff && address.some((byte) => byte !== 0)
}

/**
 * Whether the 16 bytes at an offset are a loopback address: 127.0.0.0/8 or ::1. Peers there are
 * given only to clients on the same machine.
 */
export function isLoopback(addresses: Uint8Array, from = 0): boolean {
  for (let at = 0; at < 10; at += 1) if (addresses[from + at] !== 0) return false
  if (addresses[from + 10] === 0xff && addresses[from + 11] === 0xff) {
    return addresses[from + 12] === 127
  }
  for (let at = 10; at < 15; at += 1) if (addresses[from + at] !== 0) return false
  return addresses[from + 15] === 1
}

/** A peer as those who administer the tracker see it. */
export interface ListedPeer {
  /** 16 bytes; IPv4 is mapped into IPv6. */
  readonly address: Uint8Array
  readonly port: number
  /** 20 bytes. */
  readonly peerId: Uint8Array
  readonly state: 'seed' | 'partial seed' | 'leecher'
  /** Seconds since its last announce. */
  readonly age: number
}
