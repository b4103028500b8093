import { bytesOf, type Content } from '../../core/digests/content.js'
import { withoutPads } from '../../core/digests/pad-files.js'

/** What people are told of a torrent: names of files that anybody may have, and quantities. */
export interface TorrentTitle {
  readonly name: string
  /** Where a single file is, below the mirror's root; null for a torrent of several. */
  readonly path: readonly string[] | null
  /** How many files there are, padding left aside. */
  readonly files: number
  /** Bytes of these. */
  readonly size: number
}

/** The title of the torrent that content makes. */
export function titleOf(content: Content): TorrentTitle {
  const [first, ...others] = withoutPads(content.files)
  return {
    name: content.name,
    path: content.isDirectory ? null : (first?.path ?? null),
    files: others.length + 1,
    size: bytesOf(content),
  }
}
