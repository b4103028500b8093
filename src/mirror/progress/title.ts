import { bytesOf, type Content } from '../../core/digests/content.js'
import { withoutPads } from '../../core/digests/pad-files.js'

/** The description of a torrent for people: names of published files, and quantities. */
export interface TorrentTitle {
  readonly name: string
  /** Path of a single file below the mirror's root; null for a torrent of several files. */
  readonly path: readonly string[] | null
  /** Number of files, without padding. */
  readonly files: number
  /** Bytes of these files. */
  readonly size: number
}

/** The title of a torrent with this content. */
export function titleOf(content: Content): TorrentTitle {
  const [first, ...others] = withoutPads(content.files)
  return {
    name: content.name,
    path: content.isDirectory ? null : (first?.path ?? null),
    files: others.length + 1,
    size: bytesOf(content),
  }
}
