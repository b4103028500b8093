import { openNullCache } from '../../cache/piece-cache.js'
import { fileAt } from '../../hash/stream/content-stream.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import type { FileIndex } from './file-index.js'
import { checkPieces, unreadPieces, type PieceCheck, type VerifyContext } from './judge.js'
import { foundAt, placeFiles, stretchOf, whatIsAt, type StreamEntry } from './locate.js'
import { BAD, countChecked, rangesOf, SUSPECT, UNCHECKED, type Interval } from './pieces.js'

/** Missing files of a piece are looked for together if there are not more choices than this. */
const MOST_CHOICES = 1000

/** A check, its torrent, and the files among which missing ones are looked for. */
interface Matching {
  readonly check: PieceCheck
  readonly metainfo: Metainfo
  readonly index: FileIndex
}

/** A missing file, with its number in the stream. */
interface MissingFile {
  readonly file: MetainfoFile
  readonly number: number
}

/** A missing file that has another name: the number of a file of the index. */
export interface MatchedFile extends MissingFile {
  readonly match: number
}

/**
 * Finds the missing files of a check among others: those of the same size with good pieces. Each
 * file is looked for by the pieces that it does not share with another missing file. Then all files
 * of a piece are looked for together.
 */
export async function findMissing(
  { check, metainfo, index }: Matching,
  hashContext: VerifyContext,
): Promise<MatchedFile[]> {
  const search = new Search(check, index, hashContext)
  const missing = missingOf(check, metainfo)
  const undecided = new Map<number, readonly number[]>()
  for (const { file, number } of missing) {
    const choices = index.candidates(metainfo, file).map((candidate) => [candidate])
    undecided.set(number, (await search.tryChoices([number], choices)).flat())
    const found = search.found.get(number)
    if (found !== undefined) index.putLast(found)
  }
  for (const ofPiece of missingByPiece(missing, check)) {
    const still = ofPiece.filter((number) => !search.found.has(number))
    if (still.length === 0) continue
    await search.tryChoices(still, choicesOf(still.map((number) => undecided.get(number) ?? [])))
  }
  return missing.flatMap(({ file, number }) => {
    const match = search.found.get(number)
    return match === undefined ? [] : [{ file, number, match }]
  })
}

/** Returns the files that have bytes, and were not found. */
function missingOf({ content: { odd } }: PieceCheck, metainfo: Metainfo): MissingFile[] {
  const missing: MissingFile[] = []
  let number = 0
  for (const file of streamedFiles(metainfo)) {
    if (file.length > 0 && odd.get(number)?.kind === 'missing') missing.push({ file, number })
    number++
  }
  return missing
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

/** Groups the numbers of files by the pieces that they may share: the first and the last of each. */
function missingByPiece(
  missing: readonly MissingFile[],
  { content }: PieceCheck,
): Iterable<number[]> {
  const byPiece = new Map<number, number[]>()
  for (const { number } of missing) {
    const [from, to] = stretchOf(content, number)
    const ends = [Math.floor(from / content.pieceLength), Math.ceil(to / content.pieceLength) - 1]
    for (const piece of new Set(ends)) {
      const ofPiece = byPiece.get(piece)
      if (ofPiece) ofPiece.push(number)
      else byPiece.set(piece, [number])
    }
  }
  return byPiece.values()
}

/** The missing files that were found, and what their places are tried with. */
class Search {
  /** Numbers of files of the index by number in the stream. */
  readonly found = new Map<number, number>()
  readonly #context: VerifyContext

  constructor(
    private readonly check: PieceCheck,
    private readonly index: FileIndex,
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
    missing: readonly number[],
    choices: readonly (readonly number[])[],
  ): Promise<(readonly number[])[]> {
    const undecided: (readonly number[])[] = []
    for (const choice of choices) {
      for (const [i, number] of missing.entries()) this.found.set(number, choice[i] ?? 0)
      const state = await this.#judge(missing)
      if (state === 'good') return []
      for (const number of missing) this.found.delete(number)
      if (state === 'undecided') undecided.push(choice)
    }
    return undecided
  }

  /** Checks the pieces of missing files, which are in stream order. */
  async #judge(missing: readonly number[]): Promise<'good' | 'bad' | 'undecided'> {
    const { content } = this.check
    const own = missing.map((number) => stretchOf(content, number))
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
    const { offsets, pieceLength, place } = content
    const [wanted, end] = [Math.floor(from / pieceLength), Math.ceil(to / pieceLength)]
    const low = fileAt(content, wanted * pieceLength)
    const high = fileAt(content, end * pieceLength - 1)
    const first = Math.floor((offsets[low] ?? 0) / pieceLength)
    const start = first * pieceLength
    const part = placeFiles(content, this.#entriesOf(start, [low, high]), place)
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

  /** Yields the files from one number to another, behind padding from `start` on. */
  *#entriesOf(start: number, [low, high]: Interval): Generator<StreamEntry> {
    const { content } = this.check
    const lead = (content.offsets[low] ?? 0) - start
    if (lead > 0) yield { length: lead, found: null }
    for (let number = low; number <= high; number++) {
      const [from, to] = stretchOf(content, number)
      const chosen = this.found.get(number)
      const file = chosen === undefined ? undefined : this.index.files.at(chosen)
      yield { length: to - from, found: file ? foundAt(file) : whatIsAt(content, number) }
    }
  }
}
