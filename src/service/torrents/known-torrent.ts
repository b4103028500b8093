import { infoHashOf } from '../../metainfo/build/info.js'

/** What of a torrent does not depend on trackers and addresses. */
export interface KnownTorrent {
  /** Encoded. */
  readonly info: Uint8Array
  /** In hexadecimal. */
  readonly infoHash: string
  /** The directory, on the mirror, to whose address clients add the torrent's name and paths. */
  readonly directory: readonly string[]
  /** SHA-256 of all that the info was made from: as long as it is the same, so is the info. */
  readonly input: Uint8Array
  /** Whether no file changed so recently that a further change could go unseen. */
  readonly isCacheable: boolean
}

/** Puts a torrent together from its info; `directory` is that of a single file, else the root. */
export function knownTorrent(made: Omit<KnownTorrent, 'infoHash'>): KnownTorrent {
  return { ...made, infoHash: infoHashOf(made.info) }
}
