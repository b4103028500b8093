/**
 * The content of a torrent: its files one after another, divided into pieces. Plain data, so that
 * it can be sent to threads.
 */
export interface ContentStream {
  /** Path of each file; ZEROS for a pad file. */
  readonly paths: readonly string[]
  /**
   * Two numbers for each path: the expected device and inode of its file. Null accepts any file.
   */
  readonly identities: BigUint64Array | null
  /** Offset of each file in the stream in bytes, and at the end the length of the stream. */
  readonly offsets: Float64Array
  /** Bytes of a piece. */
  readonly pieceLength: number
}

/** In place of a path: all bytes are zeros, as in a pad file (BEP 47). */
export const ZEROS = ''

/** Identifies a file even if another one takes its path. */
export interface FileIdentity {
  readonly device: bigint
  readonly inode: bigint
}

/** A file of the stream with its path and its length in bytes. */
export interface StreamFile {
  readonly path: string
  readonly length: number
  /** Set for all files of a stream or for none. Another file at the path is not read. */
  readonly identity?: FileIdentity
}

/** Joins files to a stream. Empty files are left out, because they have no bytes to hash. */
export function concatenateFiles(files: readonly StreamFile[], pieceLength: number): ContentStream {
  const filled = files.filter((file) => file.length > 0)
  const offsets = new Float64Array(filled.length + 1)
  filled.forEach((file, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + file.length
  })
  const paths = filled.map((file) => file.path)
  return { paths, identities: packIdentities(filled), offsets, pieceLength }
}

function packIdentities(files: readonly StreamFile[]): BigUint64Array | null {
  if (files.every(({ identity }) => identity === undefined)) return null
  const identities = new BigUint64Array(2 * files.length)
  files.forEach(({ identity }, i) => {
    identities[2 * i] = identity?.device ?? 0n
    identities[2 * i + 1] = identity?.inode ?? 0n
  })
  return identities
}

/** Returns the length of a stream in bytes. */
export function streamLength(stream: ContentStream): number {
  return stream.offsets.at(-1) ?? 0
}

/** Returns the number of pieces of a stream; the last may be short. */
export function countPieces(stream: ContentStream): number {
  return Math.ceil(streamLength(stream) / stream.pieceLength)
}

/** Returns the index of the file that contains the byte at `position`. */
export function fileAt({ offsets }: ContentStream, position: number): number {
  let low = 0
  let high = offsets.length - 2
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((offsets[middle] ?? Infinity) <= position) low = middle
    else high = middle - 1
  }
  return low
}
