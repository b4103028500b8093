/** Bytes from the first on up to the second, which is not among them. */
export type Interval = readonly [from: number, to: number]

/** What is known of a piece: all but GOOD are bits, so that several can be asked for. */
export const GOOD = 0
/** Its digest is wrong, and it lies in one file alone. */
export const BAD = 1
/** Its digest is wrong, and any of the files that it runs through may be why. */
export const SUSPECT = 2
/** Not all of its bytes could be read. */
export const UNCHECKED = 4

/** Beside BAD: the blocks of version 2 in it are not what they should be. */
export const BAD_BLOCKS = 8
/** Beside BAD: by one version of a hybrid it is good. */
export const DISAGREED = 16

/** The pieces of a stream. */
export interface PieceStates {
  /** GOOD, BAD, SUSPECT or UNCHECKED for each piece, and what stands beside BAD. */
  readonly states: Uint8Array
  /** In bytes. */
  readonly pieceLength: number
  /** The bytes of the whole stream; its last piece may be short. */
  readonly size: number
}

/** Says of all pieces that a range of the stream runs through that they can't be checked. */
export function markUnchecked({ states, pieceLength }: PieceStates, [from, to]: Interval): void {
  if (from === to) return
  states.fill(UNCHECKED, Math.floor(from / pieceLength), Math.ceil(to / pieceLength))
}

/**
 * The bytes of a stretch of the stream that lie in pieces of the wanted states, counted from the
 * beginning of the stretch. Ranges that adjoin are one.
 */
export function rangesOf(
  { states, pieceLength }: PieceStates,
  [from, to]: Interval,
  wanted: number,
): Interval[] {
  const ranges: Interval[] = []
  const end = from === to ? 0 : Math.ceil(to / pieceLength)
  for (let piece = Math.floor(from / pieceLength); piece < end;) {
    let next = piece + 1
    if (isWanted(states, piece, wanted)) {
      while (next < end && isWanted(states, next, wanted)) next++
      const first = Math.max(piece * pieceLength, from)
      ranges.push([first - from, Math.min(next * pieceLength, to) - from])
    }
    piece = next
  }
  return ranges
}

/** How many pieces are in one of the wanted states. */
export function countPieces({ states }: PieceStates, wanted: number): number {
  return states.reduce((count, state) => ((state & wanted) === 0 ? count : count + 1), 0)
}

function isWanted(states: Uint8Array, piece: number, wanted: number): boolean {
  return ((states[piece] ?? 0) & wanted) !== 0
}
