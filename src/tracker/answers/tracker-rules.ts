import type { ClaimedAddresses } from '../protocol/announced-peer.js'

/** What a tracker says of a torrent. */
export interface TorrentVerdict {
  /** Why it is not tracked; null when it is. */
  readonly failure: string | null
  /** What is said beside peers. */
  readonly warning: string | null
}

/** Of a torrent that is not among those that are tracked. */
export const UNKNOWN = {
  failure: 'Requested download is not authorized for use with this tracker.',
  warning: null,
} as const satisfies TorrentVerdict

/** Where an announce comes from. */
export interface AnnounceOrigin {
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** Whether the client sent it itself: see `ClientAddresses.isOwnRequest`. */
  readonly isOwn: boolean
}

/** How announces and scrapes are answered. */
export interface AnswerBounds {
  /** Seconds until a peer's next announce. */
  readonly interval: number
  /** Seconds that a peer has to wait at least. */
  readonly minInterval: number
  /** How many peers a client gets that does not say, and how many at most. */
  readonly defaultPeers: number
  readonly maxPeers: number
  /** Whether peers are given as dictionaries to clients that ask for that. */
  readonly allowsFullForm: boolean
  /** What may be scraped. */
  readonly scrape: 'none' | 'specific' | 'full'
}

/** What whoever runs a tracker has decided. It is asked for every announce, so it has to be fast. */
export interface TrackerRules extends AnswerBounds {
  /** Whether a client may ask at all; null is one on a Unix socket. */
  readonly permits: (address: string | null) => boolean
  /** The torrents that are tracked by name, by info hashes in hexadecimal; none when all are. */
  readonly known: () => ReadonlyMap<string, TorrentVerdict>
  /**
   * Of a torrent by its info hash of 20 bytes; null when there is nothing to say, as of one that is
   * not tracked by name.
   */
  readonly judge: (infoHash: Uint8Array) => TorrentVerdict | null
  /**
   * Looks for torrents that have just come, for an announce of an unknown one; null is a client on a
   * Unix socket. Null when the answer would be the same.
   */
  readonly look: (client: string | null) => Promise<void> | null
  /**
   * The address under which a peer is given to others: its own, or the one that it claims if it is
   * believed; null when there is none.
   */
  readonly resolve: (from: AnnounceOrigin, claimed: ClaimedAddresses | null) => string | null
}
