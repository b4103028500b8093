import { BtkitError } from '../../errors.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { ZEROS } from '../../hash/stream/content-stream.js'
import { PAD_DIRECTORY, padPath } from '../../metainfo/name.js'

/** Returns a pad file: zeros in the stream that are not on a disk (BEP 47). */
export function padFile(path: string[], size: number): ScannedFile {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  return { path, absolutePath: ZEROS, fingerprint }
}

/** Whether a file is a pad file, which is not on a disk. */
export function isPad({ absolutePath }: ScannedFile): boolean {
  return absolutePath === ZEROS
}

/** Whether a file has bytes on a disk. Pad files and stored links have none. */
export function isRead(file: ScannedFile): boolean {
  return !isPad(file) && file.symlinkPath === undefined
}

/** Returns the files without pad files. */
export function withoutPads(files: readonly ScannedFile[]): readonly ScannedFile[] {
  return files.some(isPad) ? files.filter((file) => !isPad(file)) : files
}

/**
 * Inserts pad files, so that each file begins a piece. A pad file stands before the next file with
 * bytes, so there is none after the last file. Pad files are named by their size, because no client
 * writes them. libtorrent puts them at the same places when it adds no padding at the end.
 * @throws BtkitError `bad-name` if a file is in the directory of pad files
 */
export function alignFiles(files: readonly ScannedFile[], pieceLength: number): ScannedFile[] {
  refuseInPads(files)
  const aligned: ScannedFile[] = []
  const pads = new Map<number, ScannedFile>()
  let missing = 0
  for (const file of files) {
    const { size } = file.fingerprint
    if (size > 0) {
      if (missing > 0) aligned.push(padOf(missing, pads))
      missing = bytesMissing(size, pieceLength)
    }
    aligned.push(file)
  }
  return aligned
}

/** Returns the pad file of a size. It is shared, because there may be very many. */
function padOf(size: number, pads: Map<number, ScannedFile>): ScannedFile {
  const pad = pads.get(size) ?? padFile(padPath(size), size)
  pads.set(size, pad)
  return pad
}

/**
 * Returns the bytes between the end of a file and the end of its last piece, if the file begins a
 * piece.
 */
export function bytesMissing(size: number, pieceLength: number): number {
  const rest = size % pieceLength
  return rest === 0 ? 0 : pieceLength - rest
}

/** A file by its path in the torrent. */
export interface NamedFile {
  readonly path: readonly string[]
  /** Names the file in errors. */
  readonly absolutePath: string
}

/**
 * Refuses files in the directory of pad files.
 * @throws BtkitError `bad-name`
 */
export function refuseInPads(files: readonly NamedFile[]): void {
  const file = files.find(({ path }) => path[0] === PAD_DIRECTORY && path.length > 1)
  if (!file) return
  const why = `is in ${PAD_DIRECTORY}, where the torrent has its pad files`
  throw new BtkitError('bad-name', `${file.absolutePath}: ${why}; --exclude ${PAD_DIRECTORY}`)
}
