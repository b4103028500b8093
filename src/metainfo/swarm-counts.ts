/** The counts of a torrent. */
export interface KnownCounts {
  /** Peers that have the whole. */
  readonly seeds: number
  /** Peers that do not have the whole. */
  readonly leechers: number
  /** Number of complete downloads. */
  readonly completed: number
}

/** The most seeds of a torrent on each day of at most a month. */
export interface SwarmMonth {
  /** The last day, since 1970. */
  readonly day: number
  /** Oldest first, from the first known day on; null if they are not known. */
  readonly seeds: readonly (number | null)[]
}
