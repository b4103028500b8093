import { infoHashOf } from '../../metainfo/build/info.js'

/** Where the files of a torrent are to be had, and which are not among them. */
export interface Placement {
  /**
   * The directory, on the mirror, to whose address clients add the torrent's name and paths; null
   * when the files can't be had there, as the service's own addresses hide them.
   */
  readonly directory: readonly string[] | null
  /** Paths of files that were asked for by a pattern, but may not be read. */
  readonly omitted: readonly string[]
}

/** What of a torrent does not depend on trackers and addresses. */
export interface KnownTorrent extends Placement {
  /** Encoded. */
  readonly info: Uint8Array
  /** In hexadecimal. */
  readonly infoHash: string
  /** SHA-256 of all that the info was made from: as long as it is the same, so is the info. */
  readonly input: Uint8Array
  /** Whether no file changed so recently that a further change could go unseen. */
  readonly isCacheable: boolean
}

/** Puts a torrent together from its info; its directory is that of a single file, else the root. */
export function knownTorrent(made: Omit<KnownTorrent, 'infoHash'>): KnownTorrent {
  return { ...made, infoHash: infoHashOf(made.info) }
}
