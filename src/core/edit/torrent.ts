import { BtkitError } from '../../base/errors.js'
import { hasSameInfo, type UnhashedMetainfo } from '../../metainfo/metainfo.js'
import type { InfoHashes } from '../../metainfo/values.js'
import { parseEdited, parseUnhashed } from '../../metainfo/parse/metainfo.js'
import { spliceTorrent, type TorrentEdit } from '../../metainfo/edit/splice-torrent.js'

/**
 * Edits a torrent in memory. Parses the result again to check that it is valid, and that the info
 * hash is the same unless the edit changes `info`. Returns `before` if nothing changes.
 * @throws BtkitError `metainfo` if the edit would make the torrent invalid
 */
export function editTorrent(before: UnhashedMetainfo, edit: TorrentEdit): UnhashedMetainfo {
  const changes = edit(before)
  const bytes = spliceTorrent(before, changes)
  if (bytes === before.bytes) return before
  const touchesInfo = changes.info !== undefined && changes.info.size > 0
  const after = touchesInfo
    ? parseUnhashed(bytes, { maxSize: bytes.length })
    : parseEdited(bytes, before)
  if (!touchesInfo && !hasSameInfo(before, after)) throw new Error('an edit changed the info hash')
  if (before.isDirectory !== after.isDirectory || before.size !== after.size) {
    throw new BtkitError(
      'metainfo',
      'that name would turn the directory of a version 2 torrent into a file',
    )
  }
  return after
}

/**
 * Whether two torrents have the same info hashes, so that they are the same for clients and
 * trackers.
 */
export function isSameInfo(a: InfoHashes, b: InfoHashes): boolean {
  return a.infoHash === b.infoHash && a.infoHashV2 === b.infoHashV2
}
