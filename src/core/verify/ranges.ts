/** Bytes from the first on up to the second, which is not among them. */
export type Interval = readonly [from: number, to: number]

/** Marks the pieces that a range of the stream runs through. */
export function markPieces(marks: Uint8Array, [from, to]: Interval, pieceLength: number): void {
  if (from === to) return
  marks.fill(1, Math.floor(from / pieceLength), Math.ceil(to / pieceLength))
}

/** The stretches of a stream of `size` bytes that its marked pieces cover, as few as possible. */
export function markedRanges(marks: Uint8Array, pieceLength: number, size: number): Interval[] {
  const ranges: Interval[] = []
  for (let first = marks.indexOf(1); first >= 0;) {
    const next = marks.indexOf(0, first)
    const end = next < 0 ? marks.length : next
    ranges.push([first * pieceLength, Math.min(end * pieceLength, size)])
    first = marks.indexOf(1, end)
  }
  return ranges
}

/**
 * Hands out the parts of ranges of a stream that lie in one file after the other: as ranges of the
 * file. All files must be asked for, in stream order.
 */
export class RangeCutter {
  #start = 0
  #next = 0

  constructor(readonly ranges: readonly Interval[]) {}

  /** The ranges inside the next file, which is `length` bytes long. */
  cut(length: number): Interval[] {
    const start = this.#start
    const end = start + length
    const cut: Interval[] = []
    for (let range = this.ranges[this.#next]; range; range = this.ranges[this.#next]) {
      const from = Math.max(range[0], start)
      const to = Math.min(range[1], end)
      if (from < to) cut.push([from - start, to - start])
      if (range[1] > end) break
      this.#next += 1
    }
    this.#start = end
    return cut
  }
}
