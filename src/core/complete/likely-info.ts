import type { Metainfo } from '../../metainfo/metainfo.js'
import { composeCore } from '../digests/info.js'
import { DIGEST } from '../digests/piece-table.js'
import { isEqual, valuesOf } from './existing-torrent.js'
import { isLaidOutAlike } from './fits-content.js'
import type { UndecidedTorrent } from './torrent-decision.js'

/** Whether a torrent's `info` could be that of an entry, as far as can be told without reading content. */
export function hasLikelyInfo(metainfo: Metainfo, { content, run }: UndecidedTorrent): boolean {
  if (metainfo.version !== content.version) return false
  // Of trees nothing is known before their files are read
  if (content.version !== 'v1') return isLaidOutAlike(metainfo, content)
  const digests = metainfo.pieces
  if (digests?.length !== content.pieceCount * DIGEST) return false
  const { info } = composeCore(content, run.request.common, { digests, trees: null })
  return isEqual(info, valuesOf(metainfo).info)
}
