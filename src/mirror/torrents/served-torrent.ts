import type { Content } from '../../core/digests/content.js'
import { creationDateOf } from '../../disk/file-lists/fingerprint.js'
import { infoHashesOf, type Metainfo } from '../../metainfo/metainfo.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { InfoHashes } from '../../metainfo/values.js'
import type { TorrentTitle } from './progress.js'

/** Where the files of a torrent are published, and which are left out. */
export interface Placement {
  /**
   * The directory of the mirror to whose URL clients add the torrent's name and paths. Null if the
   * service's own addresses hide the files there.
   */
  readonly directory: readonly string[] | null
  /** Paths that match a pattern but cannot be read. */
  readonly omitted: readonly string[]
}

/** A torrent without its bytes. */
export interface MirrorFacts extends Placement {
  readonly title: TorrentTitle
  /** The operator's own torrent, which is served as it is; absent for others. */
  readonly given?: Metainfo
  /** In hexadecimal: the info hash of v1 if there is one, otherwise that of v2. */
  readonly infoHash: string
  /** In hexadecimal; null for a version that the torrent lacks. */
  readonly infoHashes: InfoHashes
  /** The latest modification time of its files, in seconds since 1970. */
  readonly modified: number
  /** The state of its only file, or the digest of those of several. */
  readonly state: string
}

/** The parts of a torrent that do not depend on trackers and URLs. */
export interface ServedTorrent extends MirrorFacts, TorrentCore {
  /** Whether no file changed so recently that another change might leave no trace. */
  readonly isCacheable: boolean
}

/** Completes a torrent with its info hashes and date. */
export function servedTorrent(
  made: Omit<ServedTorrent, 'infoHash' | 'infoHashes' | 'modified'>,
  content: Content,
): ServedTorrent {
  const infoHashes = infoHashesOf(made.info, content.version)
  const infoHash = infoHashes.infoHash ?? infoHashes.infoHashV2 ?? ''
  return { ...made, infoHash, infoHashes, modified: lastChange(content) }
}

/** Seconds, of which a rounded time is off by less than the rest to 1. */
const ALMOST = 0.999999

function lastChange({ files }: Content): number {
  let last = 0
  for (let i = 0; i < files.length; i++) {
    // Makes no object of a file that cannot be later
    if (files.isPad(i) || files.latestAt(i, 'mtime') / 1e9 < last + ALMOST) continue
    last = Math.max(last, creationDateOf(files.fingerprintAt(i).mtimeNs))
  }
  return last
}
