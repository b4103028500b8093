import { BtkitError } from '../../errors.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { ZEROS } from '../../hash/stream/content-stream.js'

/** The directory in which pad files stand by convention (BEP 47). */
const DIRECTORY = '.pad'

/** A pad file: zeros of that many bytes that stand in the stream, but on no disk (BEP 47). */
export function padFile(path: string[], size: number): ScannedFile {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  return { path, absolutePath: ZEROS, fingerprint }
}

/** Whether a file is a pad file, which is on no disk. */
export function isPad({ absolutePath }: ScannedFile): boolean {
  return absolutePath === ZEROS
}

/** Whether a file has bytes of its own on a disk: a pad file has none, nor a link that is stored. */
export function isRead(file: ScannedFile): boolean {
  return !isPad(file) && file.symlinkPath === undefined
}

/** The files that are on a disk. */
export function withoutPads(files: readonly ScannedFile[]): readonly ScannedFile[] {
  return files.some(isPad) ? files.filter((file) => !isPad(file)) : files
}

/**
 * The files with pad files between them, so that each begins a piece. They stand before the next file
 * that has bytes, so that there is none after the last, and are named by their size, as no client
 * writes them. libtorrent puts them in the same places when it makes no padding at the tail.
 * @throws BtkitError `bad-name` when a file stands where pad files do
 */
export function alignFiles(files: readonly ScannedFile[], pieceLength: number): ScannedFile[] {
  const aligned: ScannedFile[] = []
  const pads = new Map<number, ScannedFile>()
  let missing = 0
  for (const file of files) {
    const { size } = file.fingerprint
    if (file.path[0] === DIRECTORY && file.path.length > 1) throw takesPadsPlace(file)
    if (size > 0) {
      if (missing > 0) aligned.push(padOf(missing, pads))
      missing = bytesMissing(size, pieceLength)
    }
    aligned.push(file)
  }
  return aligned
}

/** The pad file of a size: one serves wherever it is needed, as there may be very many. */
function padOf(size: number, pads: Map<number, ScannedFile>): ScannedFile {
  const pad = pads.get(size) ?? padFile([DIRECTORY, `${size}`], size)
  pads.set(size, pad)
  return pad
}

/** Bytes that are missing to the end of a piece, where a file ends that began with one. */
export function bytesMissing(size: number, pieceLength: number): number {
  const rest = size % pieceLength
  return rest === 0 ? 0 : pieceLength - rest
}

function takesPadsPlace({ absolutePath }: ScannedFile): BtkitError {
  const why = `is in ${DIRECTORY}, where the torrent has its pad files; --exclude ${DIRECTORY}`
  return new BtkitError('bad-name', `${absolutePath}: ${why}`)
}
