import { changeSince } from '../../disk/file-lists/fingerprint.js'
import { lookAt } from '../../disk/look/stat-files.js'
import { fileAt } from '../../disk/hash/stream/content-stream.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { SHA1, SHA256 } from '../../metainfo/sizes.js'
import { padOf } from '../../metainfo/streamed-files.js'
import type { FileIndex } from './file-index.js'
import { ownPieceOf } from './piece-index.js'
import { checkPieces, unreadPieces, type PieceCheck, type VerifyContext } from './judge.js'
import { foundAt, Placing, stretchOf, type LocatedContent } from './locate.js'
import { appendRange, UNCHECKED, type Interval } from './pieces.js'
import { judgeFile, NOT_READ, type CheckResult, type VerifiedFile } from './verify-report.js'

/** Missing files of a piece are looked for together if there are not more choices than this. */
const MOST_CHOICES = 1000

/** A missing file, and its number in the stream. */
export interface MissingFile {
  readonly file: MetainfoFile
  readonly number: number
  /** The numbers of the files of the index that it may be. */
  candidates: readonly number[]
  /** The number of the file that it is, as far as its pieces tell; null if it was not found. */
  match: number | null
  /** Whether the one piece of the file is that of its first candidate, which was read before. */
  readonly isRead: boolean
  /** The bytes of the match that no good piece has: it may be another file. */
  unproven: readonly Interval[]
  /** The first candidate and its check, if that was not good. */
  doubt: { readonly candidate: number; readonly checked: VerifiedFile } | null
}

/**
 * Finds the missing files of a check among others: those of the same size with good pieces.
 *
 * 1. Each file gets candidates, best first: those of its name, or if there are none, those of its
 *    size that have the first piece which lies in this file alone (`candidatesOf`).
 * 2. The best candidates of files beside each other are read together (`tryBest`).
 * 3. Of equal files, each is the match of one only.
 * 4. Each file that is left is looked for alone: it must be whole (`isWhole`).
 * 5. Small files share pieces: those of a piece are tried together, in all combinations.
 * 6. A file that is left takes one with some good pieces (`isChecked`). Such a match comes last:
 *    other bytes of its own may be in pieces of a file that is not there.
 */
export async function findMissing(
  check: PieceCheck,
  metainfo: Metainfo,
  index: FileIndex,
  { engine, cacheAccess }: VerifyContext,
): Promise<MissingFile[]> {
  const taken = new Set<number>()
  const isOfOneVersion = check.v1 === null || check.v2 === null
  const candidatesOf = async (file: MetainfoFile, number: number) => {
    const crowd = index.crowdOf(file.length)
    const piece = crowd && ownPieceOf(check, number)
    const proven = piece ? await index.byPiece.find(piece, crowd, taken, engine) : []
    // The next file is looked for among the others first
    for (const first of proven.slice(0, 1)) taken.add(first)
    const isRead = proven.length > 0 && piece?.length === file.length && isOfOneVersion
    return { candidates: index.candidates(metainfo, file, proven), isRead }
  }
  const missing: MissingFile[] = []
  for (const [number, { file, found }] of check.content.odd) {
    if (found.kind !== 'missing' || file.length === 0) continue
    const isNamed = index.hasName(metainfo, file)
    const chosen = isNamed
      ? { candidates: index.candidates(metainfo, file), isRead: false }
      : await candidatesOf(file, number)
    missing.push({ file, number, ...chosen, match: null, unproven: [], doubt: null })
  }
  const search = new Search(check, index, missing)
  for (const beside of runsOf(missing, check.content)) {
    await search.tryBest(beside, { engine, cacheAccess })
  }
  taken.clear()
  // Of equal files, each is the match of one as far as there are enough
  for (const each of missing) {
    if (each.match === null) continue
    index.putLast(each.match)
    if (taken.has(each.match)) each.match = null
    else taken.add(each.match)
  }
  // The progress bar counts each byte once
  const quiet = { engine: { ...engine, onProgress: undefined }, cacheAccess }
  const left = missing.filter(({ match }) => match === null)
  for (const each of left) {
    const { file, number, doubt } = each
    // With a bad piece of its own, a candidate is not the file
    const refused = doubt?.checked.status === 'damaged' ? doubt.candidate : null
    const { candidates } = await candidatesOf(file, number)
    const others = candidates.filter((one) => one !== refused)
    const piece = others.length > 1 ? ownPieceOf(check, number) : null
    each.candidates = piece ? await index.byPiece.thatMayHave(piece, others, engine) : others
    each.candidates = await search.tryAll([each], quiet, isWhole)
    if (each.match !== null) index.putLast(each.match)
  }
  const isLeft = ({ match }: MissingFile) => match === null
  for (const ofPiece of byPiece(left, check.content)) {
    const still = ofPiece.filter(isLeft)
    if (still.length > 0) await search.tryAll(still, quiet, isChecked)
  }
  for (const each of left.filter(isLeft)) await search.tryAll([each], quiet, isChecked)
  for (const each of left) if (!isLeft(each)) each.unproven = await search.unprovenIn(each, quiet)
  return missing
}

/** The bytes of a file that are in no good piece, in order. */
export function unprovenOf({ ranges, unchecked }: VerifiedFile): readonly Interval[] {
  const joined: Interval[] = []
  for (const range of [...ranges, ...unchecked].sort(([a], [b]) => a - b))
    appendRange(joined, range)
  return joined
}

/** Returns the first piece of a file and the one behind its last. */
function piecesOf(content: LocatedContent, { number }: MissingFile): readonly [number, number] {
  const [from, to] = stretchOf(content, number)
  return [Math.floor(from / content.pieceLength), Math.ceil(to / content.pieceLength)]
}

/** Divides files into those whose pieces adjoin. */
function runsOf(missing: readonly MissingFile[], content: LocatedContent): MissingFile[][] {
  const runs: MissingFile[][] = []
  let end = -1
  for (const each of missing) {
    const [first, next] = piecesOf(content, each)
    if (first > end) runs.push([])
    runs.at(-1)?.push(each)
    end = next
  }
  return runs
}

/** Groups files by the pieces that they may share: the first and the last of each. */
function byPiece(missing: readonly MissingFile[], content: LocatedContent) {
  const groups = new Map<number, MissingFile[]>()
  for (const each of missing) {
    const [first, next] = piecesOf(content, each)
    for (const piece of new Set([first, next - 1])) {
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
  readonly #missing: ReadonlyMap<number, MissingFile>

  constructor(
    private readonly check: PieceCheck,
    private readonly index: FileIndex,
    missing: readonly MissingFile[],
  ) {
    this.#missing = new Map(missing.map((each) => [each.number, each]))
  }

  /** Tries the first candidates of files beside each other. Good ones are found. */
  async tryBest(missing: readonly MissingFile[], hashContext: VerifyContext): Promise<void> {
    for (const each of missing) each.match = each.candidates[0] ?? null
    if (missing.every(({ match, isRead }) => isRead && this.#isUnchanged(match, hashContext)))
      return
    const checks = await this.#try(missing, hashContext, true)
    for (const [i, each] of missing.entries()) {
      const [candidate, checked] = [each.match, checks[i]]
      if (candidate === null || !checked || checked.status === 'ok') continue
      each.doubt = { candidate, checked }
      each.match = null
    }
  }

  #isUnchanged(match: number | null, { cacheAccess }: VerifyContext): boolean {
    const file = match === null ? undefined : this.index.files.at(match)
    if (!file) return false
    return changeSince(file.fingerprint, lookAt(file.absolutePath), cacheAccess) === null
  }

  /**
   * Tries the candidates of missing files together, until all are `enough` and have no bad pieces.
   * Returns the candidates before these that have no bad pieces.
   */
  async tryAll(
    missing: readonly MissingFile[],
    hashContext: VerifyContext,
    enough: (checked: VerifiedFile) => boolean,
  ): Promise<readonly number[]> {
    const undecided: number[] = []
    for (const choice of choicesOf(missing.map(({ candidates }) => candidates))) {
      for (const [i, each] of missing.entries()) each.match = choice[i] ?? null
      const checks = await this.#try(missing, hashContext)
      const isBad = checks.some(({ ranges }) => ranges.length > 0)
      if (!isBad && checks.every(enough)) return []
      for (const each of missing) each.match = null
      if (!isBad) undecided.push(...choice)
    }
    return undecided
  }

  /** The bytes of a file's match that are not proven, with all matches in place. */
  async unprovenIn(each: MissingFile, hashContext: VerifyContext): Promise<readonly Interval[]> {
    const [checked] = await this.#try([each], hashContext)
    return checked ? unprovenOf(checked) : []
  }

  /**
   * Checks the pieces of missing files, which are in stream order, with their matches in place.
   * Reads nothing unless each has bytes that can be checked, or any if that is enough.
   */
  async #try(
    missing: readonly MissingFile[],
    hashContext: VerifyContext,
    isAnyEnough = false,
  ): Promise<VerifiedFile[]> {
    const { content } = this.check
    const [first, last] = [missing[0], missing.at(-1)]
    const from = first ? piecesOf(content, first)[0] : 0
    const { part, before } = this.#partOf(from, last ? piecesOf(content, last)[1] : 0)
    const judge = (result: CheckResult) => {
      return missing.map(({ file, number }) => {
        return judgeFile(file, number - before, { ...part, ...result })
      })
    }
    const unread = judge(NOT_READ)
    const isPossible = isAnyEnough ? unread.some(isChecked) : unread.every(isChecked)
    return isPossible ? judge(await checkPieces(part, hashContext)) : unread
  }

  /**
   * Returns the check of only some pieces with the files that overlap them, and how many files are
   * before these in the stream. It starts at the piece in which the first of these files begins.
   */
  #partOf(from: number, end: number): { readonly part: PieceCheck; readonly before: number } {
    const { content, v1, v2 } = this.check
    const { files, pieceLength } = content
    const { offsets } = files
    const low = fileAt(files, from * pieceLength)
    const first = Math.floor((offsets[low] ?? 0) / pieceLength)
    const placing = new Placing()
    placing.add(padOf((offsets[low] ?? 0) - first * pieceLength))
    const high = fileAt(files, end * pieceLength - 1)
    for (let number = low; number <= high; number++) {
      const { match = null, file = null } = this.#missing.get(number) ?? {}
      const chosen = match === null ? undefined : this.index.files.at(match)
      if (file && chosen) placing.add(file, foundAt(chosen))
      else placing.copy(content, number)
    }
    const placed = placing.end(content, content.place)
    const pieces = unreadPieces(placed)
    pieces.states.fill(UNCHECKED, 0, from - first).fill(UNCHECKED, end - first)
    const last = first + placed.pieceCount
    const part: PieceCheck = {
      content: placed,
      pieces,
      v1: v1 && v1.subarray(first * SHA1, last * SHA1),
      v2: v2 && v2.subarray(first * SHA256, last * SHA256),
    }
    return { part, before: low - 1 }
  }
}

/** Whether its pieces prove all of a file. */
function isWhole({ status }: VerifiedFile): boolean {
  return status === 'ok'
}

/** Whether any byte of a file could be checked. */
function isChecked({ length, unchecked }: VerifiedFile): boolean {
  return unchecked.reduce((rest, [from, to]) => rest - (to - from), length) > 0
}
