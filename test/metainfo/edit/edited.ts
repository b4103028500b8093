import type { Metainfo } from '../../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { spliceTorrent, type TorrentEdit } from '../../../src/metainfo/edit/splice-torrent.js'
import { singleFileInfo, torrentOf, type Plain, type PlainDict } from '../../support/torrents.js'

/** A torrent with these values beside its info. */
export function torrentWith(beside: PlainDict, info: Plain = singleFileInfo()): Metainfo {
  return parseMetainfo(torrentOf(info, beside))
}

/** A torrent after an edit; the same object when that changes nothing. */
export function edited(before: Metainfo, edit: TorrentEdit): Metainfo {
  const bytes = spliceTorrent(before, edit(before))
  // deepEqual tells a Buffer from other bytes
  return bytes === before.bytes ? before : parseMetainfo(new Uint8Array(bytes))
}
