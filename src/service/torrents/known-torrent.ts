import type { Content } from '../../core/content.js'
import { infoHashOf } from '../../metainfo/build-info.js'

/** What of a torrent does not depend on trackers and addresses. */
export interface KnownTorrent {
  /** Encoded. */
  readonly info: Uint8Array
  /** In hexadecimal. */
  readonly infoHash: string
  /** The directory, on the mirror, to whose address clients add the torrent's name and paths. */
  readonly directory: readonly string[]
  /** When the newest of its files was last changed, in milliseconds since 1970. */
  readonly modifiedMs: number
  /** SHA-256 of all that the info was made from: as long as it is the same, so is the info. */
  readonly input: Uint8Array
  /** Whether no file changed so recently that a further change could go unseen. */
  readonly isSettled: boolean
}

/** Puts a torrent together from its info; `directory` is that of a single file, else the root. */
export function knownTorrent(
  content: Content,
  made: Pick<KnownTorrent, 'info' | 'input' | 'isSettled' | 'directory'>,
): KnownTorrent {
  const newest = content.files.reduce((latest, { fingerprint: { mtimeNs } }) => {
    return mtimeNs > latest ? mtimeNs : latest
  }, 0n)
  const modifiedMs = Number(newest / 1_000_000n)
  return { ...made, infoHash: infoHashOf(made.info), modifiedMs }
}
