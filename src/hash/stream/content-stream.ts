/**
 * The bytes a torrent describes: its files one after the other, cut into pieces. Plain data, so
 * that it can be handed to threads.
 */
export interface ContentStream {
  /** Where to read each file; ZEROS where there is none. */
  readonly paths: readonly string[]
  /** Two numbers a path: device and inode of the file that it must still lead to; null: of any. */
  readonly identities: BigUint64Array | null
  /** Where each file begins in the stream, and at the end the length of the whole. */
  readonly offsets: Float64Array
  /** Bytes of a piece. */
  readonly pieceLength: number
}

/** In place of a path where no file is read: all bytes are zeros, as those of a pad file (BEP 47). */
export const ZEROS = ''

/** What tells a file from any other that takes its name. */
export interface FileIdentity {
  readonly device: bigint
  readonly inode: bigint
}

/** A file of the stream: where it is read, and its length in bytes. */
export interface StreamFile {
  readonly path: string
  readonly length: number
  /** Given for all files of the stream or for none: another file at the path is not read. */
  readonly identity?: FileIdentity
}

/** Puts files one after the other. Empty ones are left out: they have no bytes to hash. */
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

/** The bytes of all files together. */
export function streamLength(stream: ContentStream): number {
  return stream.offsets.at(-1) ?? 0
}

/** How many pieces a stream is cut into; the last may be short. */
export function countPieces(stream: ContentStream): number {
  return Math.ceil(streamLength(stream) / stream.pieceLength)
}

/** The index of the file that holds the byte at `position`, by bisection. */
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
