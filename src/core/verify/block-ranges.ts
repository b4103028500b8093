import type { BadBlocks } from './explain-pieces.js'
import { BAD_BLOCKS, rangesOf, type Interval, type PieceStates } from './pieces.js'

/**
 * The bytes of a file that lie in bad blocks, in order: of pieces of which more is known, the bad
 * blocks alone. Ranges that adjoin are one.
 */
export function blockRangesOf(
  pieces: PieceStates,
  [start, end]: Interval,
  badBlocks: BadBlocks,
): Interval[] {
  const ranges: Interval[] = []
  for (const [from, to] of rangesOf(pieces, [start, end], BAD_BLOCKS)) {
    for (let at = from; at < to; at += pieces.pieceLength) {
      const whole: Interval = [at, Math.min(at + pieces.pieceLength, to)]
      const known = badBlocks.get((start + at) / pieces.pieceLength) ?? [whole]
      for (const [first, last] of known) append(ranges, [first, Math.min(last, end - start)])
    }
  }
  return ranges
}

function append(ranges: Interval[], range: Interval): void {
  const last = ranges.at(-1)
  if (last?.[1] === range[0]) ranges[ranges.length - 1] = [last[0], range[1]]
  else ranges.push(range)
}
