import type { ClaimedAddresses } from '../protocol/announced-peer.js'

/** The tracker's verdict about a torrent. */
export interface TorrentVerdict {
  /** Why the torrent is refused; null if it is tracked. */
  readonly failure: string | null
  /** A warning sent together with peers. */
  readonly warning: string | null
}

/** The verdict about a torrent that is not tracked. */
export const UNKNOWN = {
  failure: 'Requested download is not authorized for use with this tracker.',
  warning: null,
} as const satisfies TorrentVerdict

/** Origin of an announce. */
export interface AnnounceOrigin {
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** Whether the client sent it directly: see `ClientAddresses.isOwnRequest`. */
  readonly isOwn: boolean
}

/** Limits for answers to announces and scrapes. */
export interface AnswerBounds {
  /** Seconds until a peer's next announce. */
  readonly interval: number
  /** The shortest time between two announces of a peer, in seconds. */
  readonly minInterval: number
  /** Number of peers for clients that request no number, and the most for any client. */
  readonly defaultPeers: number
  readonly maxPeers: number
  /** Whether clients may receive peers as dictionaries on request. */
  readonly allowsFullForm: boolean
  /** The scrapes that are answered: none, those that name torrents, or all. */
  readonly scrape: 'none' | 'specific' | 'full'
}

/** The operator's rules. They are consulted for every announce, so they must be fast. */
export interface TrackerRules extends AnswerBounds {
  /** Whether a client may ask at all. Null stands for a client on a Unix socket. */
  readonly permits: (address: string | null) => boolean
  /**
   * The torrents tracked by name, by info hash in hexadecimal; empty if all torrents are tracked.
   */
  readonly known: () => ReadonlyMap<string, TorrentVerdict>
  /**
   * The verdict about a torrent, given its info hash of 20 bytes. Null if there is nothing to say,
   * for example if every torrent is tracked.
   */
  readonly judge: (infoHash: Uint8Array) => TorrentVerdict | null
  /**
   * The address under which a peer is given to others: its own, or the one it claims if claims are
   * believed. Null if there is none.
   */
  readonly resolve: (from: AnnounceOrigin, claimed: ClaimedAddresses | null) => string | null
}
