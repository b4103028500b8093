import { openNullCache } from '../../cache/piece-cache.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { PieceLength } from '../../metainfo/values.js'
import { checkPieces, type PieceCheck, type VerifyContext } from './check-pieces.js'
import {
  BAD,
  countChecked,
  markAbsent,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type FoundFile,
  type Interval,
} from './content.js'
import { padOf } from './v2-side.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'

/** Maximum number of files of the same size to try for a missing one. */
export const MOST_TRIED = 8

/** Missing files of a piece are looked for together if there are not more choices than this. */
const MOST_CHOICES = 1000

/**
 * Finds the missing files of a check among others: those of the same size with good pieces. Each
 * file is looked for by the pieces that it does not share with another missing file. Then all files
 * of a piece are looked for together.
 * @param candidatesOf the files of the same size; a file that is found becomes the last of its list
 */
export async function findMissing(
  check: PieceCheck,
  candidatesOf: (file: MetainfoFile) => ScannedFile[],
  hashContext: VerifyContext,
): Promise<ReadonlyMap<MetainfoFile, ScannedFile>> {
  const missing = check.files.filter(isMissing)
  const search = new Search(check, hashContext)
  const undecided = new Map<FoundFile, ScannedFile[]>()
  for (const each of missing) {
    const candidates = candidatesOf(each.file)
    const tried = candidates.slice(0, MOST_TRIED)
    const left = await search.tryChoices([each], choicesOf([tried]))
    undecided.set(each, left.flat())
    const found = search.found.get(each.file)
    if (found) candidates.push(...candidates.splice(candidates.indexOf(found), 1))
  }
  for (const ofPiece of missingByPiece(missing, check.pieces.pieceLength)) {
    const still = ofPiece.filter(({ file }) => !search.found.has(file))
    if (still.length === 0) continue
    await search.tryChoices(still, choicesOf(still.map((each) => undecided.get(each) ?? [])))
  }
  return search.found
}

/** Whether a file of a torrent has bytes, and was not found. */
function isMissing({ file, found }: FoundFile): boolean {
  return found.kind === 'missing' && !file.padding && file.length > 0
}

/**
 * Returns all choices of a file from each list. If there are too many, returns those without a file
 * twice; none if these are too many, too.
 */
function choicesOf(lists: readonly (readonly ScannedFile[])[]): ScannedFile[][] {
  const count = lists.reduce((product, { length }) => product * length, 1)
  if (count > MOST_CHOICES) return distinctChoicesOf(lists)
  return Array.from({ length: count }, (_, number) => {
    let rest = number
    return lists.flatMap((list) => {
      const at = rest % list.length
      rest = (rest - at) / list.length
      return list.slice(at, at + 1)
    })
  })
}

function distinctChoicesOf(lists: readonly (readonly ScannedFile[])[]): ScannedFile[][] {
  let choices: ScannedFile[][] = [[]]
  for (const list of lists) {
    choices = choices.flatMap((choice) => {
      return list.filter((file) => !choice.includes(file)).map((file) => [...choice, file])
    })
    if (choices.length > MOST_CHOICES) return []
  }
  return choices
}

/** Groups files by the pieces that they may share: the first and the last of each. */
function missingByPiece(
  missing: readonly FoundFile[],
  pieceLength: PieceLength,
): Iterable<FoundFile[]> {
  const byPiece = new Map<number, FoundFile[]>()
  for (const each of missing) {
    const [from, to] = each.stretch
    const ends = [Math.floor(from / pieceLength), Math.ceil(to / pieceLength) - 1]
    for (const piece of new Set(ends)) {
      const ofPiece = byPiece.get(piece)
      if (ofPiece) ofPiece.push(each)
      else byPiece.set(piece, [each])
    }
  }
  return byPiece.values()
}

/** The missing files that were found, and what their places are tried with. */
class Search {
  readonly found = new Map<MetainfoFile, ScannedFile>()
  readonly #context: VerifyContext

  constructor(
    private readonly check: PieceCheck,
    { engine, cacheAccess: { trust, now } }: VerifyContext,
  ) {
    this.#context = {
      // The progress bar counts only the torrent's own bytes
      engine: { ...engine, onProgress: undefined },
      // Of the files beside a candidate, pieces are not read
      cacheAccess: { cache: openNullCache(), trust, now },
    }
  }

  /**
   * Tries choices of files in the places of missing ones, until one has good pieces only. Returns
   * the choices of which no piece could be checked.
   */
  async tryChoices(
    missing: readonly FoundFile[],
    choices: readonly (readonly ScannedFile[])[],
  ): Promise<(readonly ScannedFile[])[]> {
    const undecided: (readonly ScannedFile[])[] = []
    for (const choice of choices) {
      for (const [i, { file }] of missing.entries()) {
        const chosen = choice[i]
        if (chosen) this.found.set(file, chosen)
      }
      const state = await this.#judge(missing)
      if (state === 'good') return []
      for (const { file } of missing) this.found.delete(file)
      if (state === 'undecided') undecided.push(choice)
    }
    return undecided
  }

  /** Checks the pieces of missing files, which are in stream order. */
  async #judge(missing: readonly FoundFile[]): Promise<'good' | 'bad' | 'undecided'> {
    const from = missing[0]?.stretch[0] ?? 0
    const to = missing.at(-1)?.stretch[1] ?? 0
    const { check, start } = this.#checkOf([from, to])
    const stretches = missing.map(({ stretch: [from, to] }): Interval => [from - start, to - start])
    const areChecked = () => stretches.every((stretch) => countChecked(check.pieces, stretch) > 0)
    if (!areChecked()) return 'undecided'
    await checkPieces(check, this.#context)
    const isBad = (stretch: Interval) => rangesOf(check.pieces, stretch, BAD | SUSPECT).length > 0
    if (stretches.some(isBad)) return 'bad'
    return areChecked() ? 'good' : 'undecided'
  }

  /**
   * Returns the check of only the pieces of a range, with the files that overlap these pieces, and
   * where it starts in the stream: at the piece in which the first of these files begins.
   */
  #checkOf([from, to]: Interval): { readonly check: PieceCheck; readonly start: number } {
    const { files, pieces, v1, v2 } = this.check
    const { pieceLength } = pieces
    const wanted = Math.floor(from / pieceLength)
    const end = Math.ceil(to / pieceLength) * pieceLength
    const overlapping = filesIn(files, [wanted * pieceLength, end])
    const begin = overlapping[0]?.stretch[0] ?? from
    const first = Math.floor(begin / pieceLength)
    const start = first * pieceLength
    const lead: FoundFile = {
      file: padOf(begin - start),
      found: { kind: 'missing' },
      stretch: [0, begin - start],
    }
    const own = overlapping.map(({ file, found, stretch }): FoundFile => {
      const [from, to] = [stretch[0] - start, Math.min(stretch[1], end) - start]
      const chosen = this.found.get(file)
      return {
        file: { ...file, length: to - from },
        found: chosen ? foundAt(chosen) : found,
        stretch: [from, to],
      }
    })
    const ofRange = begin > start ? [lead, ...own] : own
    const states = markAbsent(ofRange, pieceLength)
    states.states.fill(UNCHECKED, 0, wanted - first)
    const last = first + states.states.length
    const check: PieceCheck = {
      files: ofRange,
      pieces: states,
      v1: v1 && v1.subarray(first * SHA1, last * SHA1),
      v2: v2 && {
        blockCounts: v2.blockCounts.subarray(first, last),
        levels: v2.levels.subarray(first, last),
        digests: v2.digests.subarray(first * SHA256, last * SHA256),
      },
      roots: [],
    }
    return { check, start }
  }
}

/** Returns the files that have bytes of a range. */
function filesIn(files: readonly FoundFile[], [from, to]: Interval): FoundFile[] {
  let low = 0
  let high = files.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((files[middle]?.stretch[1] ?? Infinity) > from) high = middle
    else low = middle + 1
  }
  const found: FoundFile[] = []
  for (let file = files[low]; file && file.stretch[0] < to; file = files[++low]) found.push(file)
  return found
}

/** Returns a file of a scan as a file of a torrent that was found. */
export function foundAt({ absolutePath, fingerprint }: ScannedFile): FoundFile['found'] {
  return { kind: 'file', path: absolutePath, fingerprint }
}
