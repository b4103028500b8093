import { markAbsent, type FoundFile } from './content.js'
import { BAD, rangesOf, SUSPECT, UNCHECKED, type Interval, type PieceStates } from './pieces.js'
import type { VerifiedFile } from './verify-report.js'

/** A file that is not in the torrent, and what exists at its path. */
export interface ExtraFile {
  readonly file: VerifiedFile
  readonly found: FoundFile['found']
}

/** Reads the pieces of files that are not UNCHECKED, and sets their states. */
type Check = (files: readonly FoundFile[], pieces: PieceStates) => Promise<unknown>

/** Maximum number of files of the same size to try for a missing one. */
const MOST_TRIED = 8

/**
 * Finds the missing files of a torrent among extra files: those of the same size with good pieces.
 * A file that shares all its pieces with other missing ones cannot be found.
 * @returns the missing file for each extra one
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

/** Returns the states for a range: pieces that cannot be checked are UNCHECKED. */
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
