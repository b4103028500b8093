import { openNullCache } from '../../cache/piece-cache.js'
import { fileAt } from '../../hash/stream/content-stream.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'
import { padOf } from '../../metainfo/streamed-files.js'
import { isPad } from '../digests/pad-files.js'
import type { FileIndex } from './file-index.js'
import { checkPieces, unreadPieces, type PieceCheck, type VerifyContext } from './judge.js'
import { foundAt, Placing, stretchOf, type LocatedContent } from './locate.js'
import { BAD, countChecked, rangesOf, SUSPECT, UNCHECKED, type Interval } from './pieces.js'

/** Missing files of a piece are looked for together if there are not more choices than this. */
const MOST_CHOICES = 1000

/** A check, its torrent, and the files among which missing ones are looked for. */
interface Matching {
  readonly check: PieceCheck
  readonly metainfo: Metainfo
  readonly index: FileIndex
}

/** A missing file, and its number in the stream. */
export interface MissingFile {
  readonly file: MetainfoFile
  readonly number: number
  /** The numbers of the files of the index that it may be. */
  candidates: readonly number[]
  /** The number of the file that it is; null if it was not found. */
  match: number | null
}

/**
 * Finds the missing files of a check among others: those of the same size with good pieces. Each
 * file is looked for by the pieces that it does not share with another missing file. Then all files
 * of a piece are looked for together. Returns the files that were found.
 */
export async function findMissing(
  { check, metainfo, index }: Matching,
  hashContext: VerifyContext,
): Promise<MissingFile[]> {
  const search = new Search(check, index, hashContext)
  const missing = [...search.missing.values()]
  for (const each of missing) {
    each.candidates = index.candidates(metainfo, each.file)
    each.candidates = await search.tryTogether([each])
    if (each.match !== null) index.putLast(each.match)
  }
  for (const ofPiece of byPiece(missing, check.content)) {
    const still = ofPiece.filter(({ match }) => match === null)
    if (still.length > 0) await search.tryTogether(still)
  }
  return missing.filter(({ match }) => match !== null)
}

/** Groups files by the pieces that they may share: the first and the last of each. */
function byPiece(
  missing: readonly MissingFile[],
  content: LocatedContent,
): Iterable<readonly MissingFile[]> {
  const groups = new Map<number, MissingFile[]>()
  for (const each of missing) {
    const [from, to] = stretchOf(content, each.number)
    const ends = [Math.floor(from / content.pieceLength), Math.ceil(to / content.pieceLength) - 1]
    for (const piece of new Set(ends)) {
      const group = groups.get(piece)
      if (group) group.push(each)
      else groups.set(piece, [each])
    }
  }
  return groups.values()
}

/**
 * Returns all choices of a file from each list. If there are too many, returns those without a file
 * twice; none if these are too many, too.
 */
function choicesOf(lists: readonly (readonly number[])[]): number[][] {
  const isMany = lists.reduce((product, { length }) => product * length, 1) > MOST_CHOICES
  let choices: number[][] = [[]]
  for (const list of lists) {
    choices = choices.flatMap((choice) => {
      const left = isMany ? list.filter((file) => !choice.includes(file)) : list
      return left.map((file) => [...choice, file])
    })
    if (choices.length > MOST_CHOICES) return []
  }
  return choices
}

/** Tries files in the places of missing ones. */
class Search {
  /** By number in the stream. */
  readonly missing = new Map<number, MissingFile>()
  readonly #context: VerifyContext

  constructor(
    private readonly check: PieceCheck,
    private readonly index: FileIndex,
    { engine, cacheAccess: { trust, now } }: VerifyContext,
  ) {
    for (const [number, { file, found }] of check.content.odd) {
      if (found.kind !== 'missing' || file.length === 0) continue
      this.missing.set(number, { file, number, candidates: [], match: null })
    }
    this.#context = {
      // The progress bar counts only the torrent's own bytes
      engine: { ...engine, onProgress: undefined },
      // Of the files beside a candidate, pieces are not read
      cacheAccess: { cache: openNullCache(), trust, now },
    }
  }

  /**
   * Tries the candidates of missing files together, until all have good pieces only. Returns the
   * candidates of which no piece could be checked.
   */
  async tryTogether(missing: readonly MissingFile[]): Promise<number[]> {
    const undecided: number[] = []
    for (const choice of choicesOf(missing.map(({ candidates }) => candidates))) {
      for (const [i, each] of missing.entries()) each.match = choice[i] ?? null
      const state = await this.#judge(missing)
      if (state === 'good') return []
      for (const each of missing) each.match = null
      if (state === 'undecided') undecided.push(...choice)
    }
    return undecided
  }

  /** Checks the pieces of missing files, which are in stream order. */
  async #judge(missing: readonly MissingFile[]): Promise<'good' | 'bad' | 'undecided'> {
    const { content } = this.check
    const own = missing.map(({ number }) => stretchOf(content, number))
    const { check, start } = this.#partOf([own[0]?.[0] ?? 0, own.at(-1)?.[1] ?? 0])
    const stretches = own.map(([from, to]): Interval => [from - start, to - start])
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
  #partOf([from, to]: Interval): { readonly check: PieceCheck; readonly start: number } {
    const { content, v1, v2 } = this.check
    const { offsets, pieceLength } = content
    const [wanted, end] = [Math.floor(from / pieceLength), Math.ceil(to / pieceLength)]
    const low = fileAt(content, wanted * pieceLength)
    const high = fileAt(content, end * pieceLength - 1)
    const first = Math.floor((offsets[low] ?? 0) / pieceLength)
    const start = first * pieceLength
    const part = this.#place(start, [low, high])
    const pieces = unreadPieces(part)
    pieces.states.fill(UNCHECKED, 0, wanted - first).fill(UNCHECKED, end - first)
    const last = first + part.pieceCount
    const check: PieceCheck = {
      content: part,
      pieces,
      v1: v1 && v1.subarray(first * SHA1, last * SHA1),
      v2: v2 && v2.subarray(first * SHA256, last * SHA256),
    }
    return { check, start }
  }

  /** Returns the content from one file to another, behind padding from `start` on. */
  #place(start: number, [low, high]: Interval): LocatedContent {
    const { content } = this.check
    const placing = new Placing()
    placing.add(padOf((content.offsets[low] ?? 0) - start))
    for (let number = low; number <= high; number++) {
      const [from, to] = stretchOf(content, number)
      const { match = null } = this.missing.get(number) ?? {}
      const chosen = match === null ? content.files.at(number) : this.index.files.at(match)
      const odd = match === null ? content.odd.get(number) : undefined
      const file = padOf(to - from)
      if (odd) placing.add(odd.file, odd.found)
      else if (!chosen || isPad(chosen)) placing.add(file)
      else placing.add({ ...file, padding: false }, foundAt(chosen))
    }
    return placing.end(content, content.place)
  }
}
