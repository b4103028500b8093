import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { isPad, type Content } from './content.js'
import type { CacheAccess } from './cache-access.js'
import { recallPieces } from './recall-pieces.js'

/** The files that would have to be read for the pieces that the cache does not know. */
export function unknownFiles(content: Content, cacheAccess: CacheAccess): ScannedFile[] {
  const { isKnown } = recallPieces(content, cacheAccess)
  let offset = 0
  return content.files.filter((file) => {
    const first = Math.floor(offset / content.pieceLength)
    offset += file.fingerprint.size
    const end = Math.ceil(offset / content.pieceLength)
    return !isPad(file) && isKnown.subarray(first, end).includes(0)
  })
}
