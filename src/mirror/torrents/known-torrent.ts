import type { Content } from '../../core/digests/content.js'
import { isPad } from '../../core/digests/pad-files.js'
import { infoHashesOf } from '../../metainfo/info-hashes.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { TorrentTitle } from '../progress/title.js'

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
export interface KnownTorrent extends Placement, TorrentCore {
  readonly title: TorrentTitle
  /** The torrent that is given as it lies in a directory of the operator's; absent for others. */
  readonly given?: Metainfo
  /** In hexadecimal: that of v1 where there is one, else that of v2. */
  readonly infoHash: string
  /** In hexadecimal, each null where there is none. */
  readonly infoHashes: Readonly<Record<'v1' | 'v2', string | null>>
  /** When the last of its files was changed, in seconds since 1970. */
  readonly modified: number
  /** SHA-256 of all that the info was made from: as long as it is the same, so is the info. */
  readonly input: Uint8Array
  /** Whether no file changed so recently that a further change could go unseen. */
  readonly isCacheable: boolean
}

/** What is made of some content, beside what the content itself tells. */
export type MadeOfContent = Omit<KnownTorrent, 'infoHash' | 'infoHashes' | 'modified'>

/** Puts a torrent together; its directory is that of a single file, else the root. */
export function knownTorrent(made: MadeOfContent, content: Content): KnownTorrent {
  const { infoHash: v1, infoHashV2: v2 } = infoHashesOf(made.info, content.version)
  const infoHashes = { v1, v2 }
  return { ...made, infoHash: v1 ?? v2 ?? '', infoHashes, modified: lastChange(content) }
}

function lastChange({ files }: Content): number {
  return files.reduce((last, file) => {
    return isPad(file) ? last : Math.max(last, Number(file.fingerprint.mtimeNs / 1_000_000_000n))
  }, 0)
}
