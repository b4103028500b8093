import type { PieceLength } from '../../metainfo/values.js'

/** A range of bytes: from the first to before the second. */
export type Interval = readonly [from: number, to: number]

/** The states of a piece. All except GOOD are bits, so that several can be tested together. */
export const GOOD = 0
/** Its digest is wrong, and it belongs to a single file. */
export const BAD = 1
/** Its digest is wrong, and each of its files may be the reason. */
export const SUSPECT = 2
/** Some of its bytes could not be read. */
export const UNCHECKED = 4

/** In addition to BAD or SUSPECT: its blocks of version 2 are wrong. */
export const BAD_BLOCKS = 8
/** In addition: it is good in one version of a hybrid. */
export const DISAGREED = 16

/** The pieces of a stream. */
export interface PieceStates {
  /** GOOD, BAD, SUSPECT or UNCHECKED for each piece, and additions. */
  readonly states: Uint8Array
  readonly pieceLength: PieceLength
  /** Bytes of the whole stream; its last piece may be short. */
  readonly size: number
}

/** Marks all pieces of a range of the stream as UNCHECKED. */
export function markUnchecked({ states, pieceLength }: PieceStates, [from, to]: Interval): void {
  if (from === to) return
  states.fill(UNCHECKED, Math.floor(from / pieceLength), Math.ceil(to / pieceLength))
}

/** Appends a range of bytes to others before it. Adjacent ranges are joined. */
export function appendRange(ranges: Interval[], range: Interval): void {
  const last = ranges.at(-1)
  if (last?.[1] === range[0]) ranges[ranges.length - 1] = [last[0], range[1]]
  else ranges.push(range)
}

/**
 * Returns the bytes of a range of the stream in pieces of the wanted states, relative to the start
 * of the range. Adjacent ranges are joined.
 */
export function rangesOf(
  { states, pieceLength }: PieceStates,
  [from, to]: Interval,
  wanted: number,
): Interval[] {
  const ranges: Interval[] = []
  const end = from === to ? 0 : Math.ceil(to / pieceLength)
  for (let piece = Math.floor(from / pieceLength); piece < end; piece++) {
    if (((states[piece] ?? 0) & wanted) === 0) continue
    const first = Math.max(piece * pieceLength, from)
    appendRange(ranges, [first - from, Math.min((piece + 1) * pieceLength, to) - from])
  }
  return ranges
}

/** Returns the bytes of a range of the stream in pieces that are not UNCHECKED. */
export function countChecked(pieces: PieceStates, stretch: Interval): number {
  const absent = rangesOf(pieces, stretch, UNCHECKED)
  return absent.reduce((rest, [from, to]) => rest - (to - from), stretch[1] - stretch[0])
}

/** Returns the number of pieces in any of the wanted states. */
export function countPieces({ states }: PieceStates, wanted: number): number {
  return states.reduce((count, state) => ((state & wanted) === 0 ? count : count + 1), 0)
}
