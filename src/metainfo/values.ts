declare const brand: unique symbol

/**
 * A text or number that only its checkers make. Any other is refused by the compiler; nothing of the
 * brand exists when the program runs.
 */
export type Branded<Value extends string | number, Name extends string> = Value & {
  readonly [brand]: Name
}

/** A URL that clients accept as a tracker, as `isTracker` checks it. */
export type TrackerUrl = Branded<string, 'TrackerUrl'>

/**
 * Bytes of a piece: a power of two from 16 KiB to 1 GiB, as `isPieceLength` checks it, or the length
 * of a torrent that was read.
 */
export type PieceLength = Branded<number, 'PieceLength'>
