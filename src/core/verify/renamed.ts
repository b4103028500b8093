import { markAbsent, type FoundFile } from './content.js'
import { BAD, rangesOf, SUSPECT, UNCHECKED, type Interval, type PieceStates } from './pieces.js'
import type { VerifiedFile } from './report.js'

/** A file that the torrent has not, and what stands there. */
export interface ExtraFile {
  readonly file: VerifiedFile
  readonly found: FoundFile['found']
}

/** Reads the pieces of files that are not UNCHECKED, and notes what is wrong with them. */
type Check = (files: readonly FoundFile[], pieces: PieceStates) => Promise<unknown>

/** More files of one size than this are not tried for a missing one. */
const MOST_TRIED = 8

/**
 * Finds the missing files of a torrent among extra ones: those of the same size whose pieces are
 * good. A file that shares all its pieces with other missing ones can't be found.
 * @returns the missing file that an extra one is
 */
export async function findRenamed(
  { files, pieceLength }: { readonly files: readonly FoundFile[]; readonly pieceLength: number },
  extra: readonly ExtraFile[],
  check: Check,
): Promise<ReadonlyMap<VerifiedFile, FoundFile>> {
  const renamed = new Map<VerifiedFile, FoundFile>()
  for (const missing of files.filter(isMissing)) {
    const { length } = missing.file
    const ofSize = extra.filter(({ file }) => file.length === length && !renamed.has(file))
    for (const { file, found } of ofSize.slice(0, MOST_TRIED)) {
      const inPlace = files.map((each) => (each === missing ? { ...each, found } : each))
      const pieces = piecesOf(inPlace, missing.stretch, pieceLength)
      await check(inPlace, pieces)
      if (!isGood(pieces, missing.stretch)) continue
      renamed.set(file, missing)
      break
    }
  }
  return renamed
}

function isMissing({ file, found }: FoundFile): boolean {
  return found.kind === 'missing' && !file.padding && file.length > 0
}

/** The pieces of a stretch that can be checked; all others are UNCHECKED. */
function piecesOf(
  files: readonly FoundFile[],
  [start, end]: Interval,
  pieceLength: number,
): PieceStates {
  const pieces = markAbsent(files, pieceLength)
  const first = Math.floor(start / pieceLength)
  pieces.states.fill(UNCHECKED, 0, first)
  pieces.states.fill(UNCHECKED, Math.ceil(end / pieceLength))
  return pieces
}

function isGood(pieces: PieceStates, stretch: Interval): boolean {
  const unchecked = rangesOf(pieces, stretch, UNCHECKED)
  const checked = unchecked.reduce(
    (rest, [from, to]) => rest - (to - from),
    stretch[1] - stretch[0],
  )
  return checked > 0 && rangesOf(pieces, stretch, BAD | SUSPECT).length === 0
}
