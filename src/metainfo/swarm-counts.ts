/** The counts of a torrent. */
export interface KnownCounts {
  /** Peers that have the whole. */
  readonly seeds: number
  /** Peers that do not have the whole. */
  readonly leechers: number
  /** Number of complete downloads. */
  readonly completed: number
}
