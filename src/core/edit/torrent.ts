import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { spliceTorrent, type TorrentEdit } from '../../metainfo/edit/splice-torrent.js'

/**
 * Edits a torrent in memory. The result has been read again and found valid, with the info hash
 * unchanged unless the edit is of `info`. Without an effect it is the very same object.
 * @throws BtkitError `metainfo` when the edit would break the torrent
 */
export function editTorrent(before: Metainfo, edit: TorrentEdit): Metainfo {
  const changes = edit(before)
  const bytes = spliceTorrent(before, changes)
  if (bytes === before.bytes) return before
  const after = parseMetainfo(bytes, { maxSize: bytes.length, known: before })
  const touchesInfo = changes.info !== undefined && changes.info.size > 0
  if (!touchesInfo && !isSameInfo(before, after)) throw new Error('an edit changed the info hash')
  if (before.isDirectory !== after.isDirectory || before.size !== after.size) {
    throw new BtkitError('metainfo', 'with that name a directory would turn into a file')
  }
  return after
}

/** Whether two torrents are one to clients and trackers. */
export function isSameInfo(a: InfoHashes, b: InfoHashes): boolean {
  return a.infoHash === b.infoHash && a.infoHashV2 === b.infoHashV2
}

type InfoHashes = Pick<Metainfo, 'infoHash' | 'infoHashV2'>
