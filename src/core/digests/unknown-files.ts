import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Content } from './content.js'
import { isRead } from './pad-files.js'
import type { PieceTable } from './piece-table.js'

/** The files that have to be read for the pieces whose digests are unknown. */
export function unknownFiles(content: Content, { isKnown }: PieceTable): ScannedFile[] {
  let offset = 0
  return content.files.filter((file) => {
    const first = Math.floor(offset / content.pieceLength)
    offset += file.fingerprint.size
    const end = Math.ceil(offset / content.pieceLength)
    return isRead(file) && isKnown.subarray(first, end).includes(0)
  })
}
