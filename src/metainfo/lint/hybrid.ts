import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'

/**
 * Files of a hybrid torrent that begin inside a piece: pad files must push each to a boundary, so
 * that v1 and v2 clients cut the same pieces (BEP 52).
 */
export function* findUnalignedFiles({ version, files, pieceLength }: Metainfo) {
  if (version !== 'hybrid') return
  let start = 0
  for (const { path, length, padding } of files) {
    if (!padding && length > 0 && start % pieceLength !== 0) {
      yield `path ${quoteText(path.join('/'))} begins inside a piece, ${start} bytes into the v1 content`
    }
    start += length
  }
}
