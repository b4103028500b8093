declare const brand: unique symbol

/**
 * A text or number that only its checkers make. Any other is refused by the compiler; nothing of
 * the brand exists when the program runs.
 */
export type Branded<Value extends string | number, Name extends string> = Value & {
  readonly [brand]: Name
}

/** A URL that clients accept as a tracker, as `isTracker` checks it. */
export type TrackerUrl = Branded<string, 'TrackerUrl'>

/**
 * Bytes of a piece: a power of two from 16 KiB to 1 GiB, as `isPieceLength` checks it, or the
 * length of a torrent that was read.
 */
export type PieceLength = Branded<number, 'PieceLength'>

/**
 * 40 hexadecimal digits in lower case: the info hash of version 1, or that of version 2 cut to 20
 * bytes. By these, peers, trackers and clients know a torrent (BEP 52).
 */
export type InfoHash = Branded<string, 'InfoHash'>

/** The info hash of version 2: 64 hexadecimal digits in lower case. */
export type InfoHashV2 = Branded<string, 'InfoHashV2'>

/** The info hashes of a torrent; null for a version that the torrent does not have. */
export interface InfoHashes {
  /** SHA-1 of the original info bytes. */
  readonly infoHash: InfoHash | null
  /** SHA-256 of the original info bytes. */
  readonly infoHashV2: InfoHashV2 | null
}

/** A DHT node in a torrent (BEP 5). */
export interface DhtNode {
  readonly host: string
  readonly port: number
}
