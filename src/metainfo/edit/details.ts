import { encodeBencode } from '../bencode/encode.js'
import { changeText, type GatheredChanges } from './text.js'
import type { TorrentEdit } from './splice-torrent.js'

/** What to set; null removes, and what is undefined stays. */
export interface Details {
  readonly comment?: string | null | undefined
  readonly createdBy?: string | null | undefined
  /** In seconds since 1970. */
  readonly creationDate?: number | null | undefined
  /** Inside `info`, so that the info hash changes. */
  readonly private?: boolean | undefined
  /** Inside `info`, so that the info hash changes. */
  readonly source?: string | null | undefined
}

/** Sets what a torrent says beside its content, trackers and seeds. */
export function setDetails(details: Details): TorrentEdit {
  const { comment, createdBy, creationDate, source } = details
  return ({ spans, info: oldInfo, private: isPrivate }) => {
    const top: GatheredChanges = new Map()
    const info: GatheredChanges = new Map()
    if (comment !== undefined) changeText(top, { key: 'comment', text: comment }, spans)
    if (createdBy !== undefined) changeText(top, { key: 'created by', text: createdBy }, spans)
    if (creationDate !== undefined) {
      top.set('creation date', creationDate === null ? null : encodeBencode(creationDate))
    }
    // A 0 and no value at all mean the same
    if (details.private !== undefined && details.private !== isPrivate) {
      info.set('private', details.private ? encodeBencode(1) : null)
    }
    if (source !== undefined) changeText(info, { key: 'source', text: source }, oldInfo)
    return { top, info }
  }
}
