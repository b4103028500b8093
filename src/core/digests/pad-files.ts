import { BtkitError } from '../../base/errors.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import { PAD_DIRECTORY, padPath } from '../../metainfo/name.js'

/** Returns the files without pad files. */
export function withoutPads(files: FileColumns): FileColumns {
  return files.filter((i) => !files.isPad(i))
}

/**
 * Inserts pad files, so that each file begins a piece. A pad file stands before the next file with
 * bytes, so there is none after the last file. Pad files are named by their size, because no client
 * writes them. libtorrent puts them at the same places when it adds no padding at the end.
 * @throws BtkitError `bad-name` if a file is in the directory of pad files
 */
export function alignFiles(files: FileColumns, pieceLength: number): FileColumns {
  refuseInPads(files)
  const rows = new Uint32Array(2 * files.length)
  let [count, missing] = [0, 0]
  for (let i = 0; i < files.length; i++) {
    const size = files.sizeAt(i)
    if (size > 0) {
      if (missing > 0) rows[count++] = files.store.padOf(missing, padPath)
      missing = bytesMissing(size, pieceLength)
    }
    rows[count++] = files.rowAt(i)
  }
  return files.select(rows.slice(0, count))
}

/**
 * Returns the bytes between the end of a file and the end of its last piece, if the file begins a
 * piece.
 */
export function bytesMissing(size: number, pieceLength: number): number {
  const rest = size % pieceLength
  return rest === 0 ? 0 : pieceLength - rest
}

/**
 * Refuses files in the directory of pad files.
 * @throws BtkitError `bad-name`
 */
export function refuseInPads(files: FileColumns): void {
  const at = files.findIndex((i) => files.directoryAt(i).components[0] === PAD_DIRECTORY)
  if (at < 0) return
  const why = `is in ${PAD_DIRECTORY}, where the torrent has its pad files`
  throw new BtkitError(
    'bad-name',
    `${files.absolutePathAt(at)}: ${why}; --exclude ${PAD_DIRECTORY}`,
  )
}
