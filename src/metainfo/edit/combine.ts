import type { TorrentEdit } from './splice-torrent.js'

/** One edit of several, which must not change the same keys. */
export function combineEdits(edits: readonly TorrentEdit[]): TorrentEdit {
  return (metainfo) => {
    const changes = edits.map((edit) => edit(metainfo))
    return {
      top: new Map(changes.flatMap(({ top }) => [...(top ?? [])])),
      info: new Map(changes.flatMap(({ info }) => [...(info ?? [])])),
    }
  }
}
