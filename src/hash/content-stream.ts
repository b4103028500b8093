/**
 * The bytes a torrent describes: its files one after the other, cut into pieces. Plain data, so
 * that it can be handed to threads.
 */
export interface ContentStream {
  /** Where to read each file. */
  readonly paths: readonly string[]
  /** Where each file begins in the stream, and at the end the length of the whole. */
  readonly offsets: Float64Array
  /** Bytes of a piece. */
  readonly pieceLength: number
}

/** A file of the stream: where it is read, and its length in bytes. */
export interface StreamFile {
  readonly path: string
  readonly length: number
}

/** Lays files one after the other. Empty ones are left out: they hold no bytes to hash. */
export function layStream(files: readonly StreamFile[], pieceLength: number): ContentStream {
  const filled = files.filter((file) => file.length > 0)
  const offsets = new Float64Array(new SharedArrayBuffer(8 * (filled.length + 1)))
  filled.forEach((file, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + file.length
  })
  return { paths: filled.map((file) => file.path), offsets, pieceLength }
}

export function streamLength(stream: ContentStream): number {
  return stream.offsets.at(-1) ?? 0
}

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
