import type { TorrentEdit } from './splice-torrent.js'

/** Joins edits into one. No two of them may change the same key. */
export function combineEdits(edits: readonly TorrentEdit[]): TorrentEdit {
  return (metainfo) => {
    const changes = edits.map((edit) => edit(metainfo))
    return {
      top: new Map(changes.flatMap(({ top }) => [...(top ?? [])])),
      info: new Map(changes.flatMap(({ info }) => [...(info ?? [])])),
    }
  }
}
