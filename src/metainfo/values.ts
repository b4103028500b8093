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

/** The facts of a torrent that a tracker lists. */
export interface TrackedTorrent extends InfoHashes {
  readonly name: string
  /** Total size of its files in bytes, without padding. */
  readonly size: number
  /** The number of its files. */
  readonly fileCount: number
  /** Whether it is for the users of private trackers only (BEP 27). */
  readonly private: boolean
  /**
   * Its web seed relative to the root of the mirror in this process: its file, or the directory of
   * its files, with a slash at the end. Null if it is not from there.
   */
  readonly place: string | null
  /**
   * When the file was written or else the torrent made, in milliseconds since 1970; null if
   * unknown.
   */
  readonly addedMs: number | null
}

/** A torrent of the mirror, with its trackers in the order of use, and its web seeds. */
export interface MirroredTorrent extends TrackedTorrent {
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** A DHT node in a torrent (BEP 5). */
export interface DhtNode {
  readonly host: string
  readonly port: number
}
