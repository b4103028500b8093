import type { BtkitError } from '../../base/errors.js'
import { count } from '../../base/text/quantity.js'
import type { Resolved } from '../../disk/look/inside.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { stretchOf, type DataPlace, type LocatedContent, type OddFile } from './locate.js'
import {
  appendRange,
  BAD,
  BAD_BLOCKS,
  DISAGREED,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
} from './pieces.js'

/**
 * The statuses of a file. If several apply, the first one counts. An `extra` file is not part of
 * the torrent.
 */
export const FILE_STATUSES = [
  'missing', // the file does not exist
  'unreadable', // the system refuses to read it, or a part of it
  'changed', // it changed while it was read
  'short',
  'long',
  'damaged', // it certainly has bad bytes
  'suspect', // it or another file has bad bytes, in a piece of both
  'unchecked', // nothing wrong was found, but a piece has bytes of other files that could not be read
  'extra',
  'ok',
] as const

/** A file of the torrent, or an extra file. */
export interface VerifiedFile {
  /** The components below the torrent's name. For a single-file torrent, only its name. */
  readonly path: readonly string[]
  /** Expected bytes; for an extra file its bytes. */
  readonly length: number
  /** Bytes of the existing file; null if there is none. */
  readonly found: number | null
  readonly status: (typeof FILE_STATUSES)[number]
  /** Details if the file is missing, unreadable or changed; null if there are none. */
  readonly reason: string | null
  /** The bytes in bad pieces, in order; adjacent ranges are joined. */
  readonly ranges: readonly Interval[]
  /**
   * The bytes of these in bad blocks of version 2, as precisely as known: if only the torrent is
   * known, all blocks of a piece. Null if version 2 was not checked.
   */
  readonly blockRanges: readonly Interval[] | null
  /** The bytes of these in pieces that are good in one version of a hybrid. */
  readonly disagreed: readonly Interval[]
  /** The bytes in pieces that could not be checked, in the same form. */
  readonly unchecked: readonly Interval[]
}

/** The result of a check. */
export interface VerifyReport {
  /** The place where the files were looked for. */
  readonly place: DataPlace
  /** Whether every file exists as the torrent describes it. */
  readonly ok: boolean
  readonly pieces: number
  /** Number of pieces that were read and are wrong. */
  readonly badPieces: number
  /** Number of pieces that were not read, or not completely. */
  readonly uncheckedPieces: number
  /**
   * Number of bad pieces that are good in one version of a hybrid: no content can be correct in
   * both.
   */
  readonly disagreeingPieces: number
  /** Why version 2 of a hybrid was not checked; null if it was, or if there is none. */
  readonly v2Refusal: string | null
  /**
   * In stream order without pad files, followed by the extra files. Created when first requested.
   */
  readonly files: readonly VerifiedFile[]
  /** The same without files that are ok. */
  readonly problems: readonly VerifiedFile[]
  /** Why extra files could not be looked for in some places; empty if they were not requested. */
  readonly extraProblems: readonly BtkitError[]
}

/** A problem of a whole file. */
export type Problem = Pick<VerifiedFile, 'status' | 'reason'>

/** Returns the problem of a file that is not there with its length; null if there is none. */
export function problemOf({ file, found }: OddFile): Problem | null {
  if (found.kind === 'link' && found.isRight) return null
  const target = file.symlinkPath?.join('/')
  const isAnyLink = target === undefined && file.attr.includes('l') && file.length === 0
  if (isAnyLink && found.kind !== 'missing') return null
  if (target !== undefined && found.kind !== 'missing' && found.kind !== 'unreadable') {
    const is = found.kind === 'link' ? `a link to ${found.target}, not` : 'no link'
    return { status: 'missing', reason: `in its place is ${is} to ${target}` }
  }
  if (found.kind === 'unreadable') return { status: 'unreadable', reason: found.reason }
  if (found.kind !== 'file') return { status: 'missing', reason: REASONS[found.kind] }
  return { status: found.fingerprint.size < file.length ? 'short' : 'long', reason: null }
}

const REASONS: Record<Exclude<Resolved['kind'], 'file' | 'unreadable'>, string | null> = {
  missing: null,
  link: 'in its place is a link',
  directory: 'in its place is a directory',
  outside: 'in its place is a link that leads outside; --follow-symlinks allows that',
  'link loop': 'in its place is a link that leads to itself',
  'special file': 'in its place is no regular file',
}

/** The sizes of a file that is short or long, in words. */
export function sizesOf({ length, found }: Pick<VerifiedFile, 'length' | 'found'>): string {
  return `${count(found ?? 0, 'byte')}, not ${length}`
}

/** The bytes of bad blocks in their files, by piece index, if known. */
export type BadBlocks = ReadonlyMap<number, readonly Interval[]>

/** The result of a check, beside the states of the pieces. */
export interface CheckResult {
  /** The files that could not be read, or changed meanwhile, by number in the stream. */
  readonly problems: ReadonlyMap<number, Problem>
  /** The known bad blocks; null if version 2 was not checked. */
  readonly badBlocks: BadBlocks | null
}

export const NOT_READ: CheckResult = { problems: new Map(), badBlocks: null }

/** A check of located content, and its result. */
interface CheckedContent extends CheckResult {
  readonly content: LocatedContent
  readonly pieces: PieceStates
}

/** Yields the files of a torrent without pad files, each with its status. */
export function* judgeFiles(checked: CheckedContent, metainfo: Metainfo): Generator<VerifiedFile> {
  let number = 0
  for (const file of streamedFiles(metainfo)) {
    if (!file.padding) yield judgeFile(file, number, checked)
    number++
  }
}

const NONE: readonly Interval[] = []

/** Returns a file with its status, by its number in the content. */
export function judgeFile(
  { path, length }: MetainfoFile,
  number: number,
  { content, pieces, problems, badBlocks }: CheckedContent,
): VerifiedFile {
  const stretch = stretchOf(content, number)
  const isGood = rangesOf(pieces, stretch, BAD | SUSPECT | UNCHECKED).length === 0
  const bytesIn = (states: number) => (isGood ? NONE : rangesOf(pieces, stretch, states))
  const found = content.odd.get(number)?.found
  const unchecked = bytesIn(UNCHECKED)
  const unlessUnchecked = unchecked.length > 0 ? 'unchecked' : 'ok'
  const unlessSuspect = bytesIn(SUSPECT).length > 0 ? 'suspect' : unlessUnchecked
  const unlessDamaged = bytesIn(BAD).length > 0 ? 'damaged' : unlessSuspect
  const { status, reason } = problems.get(number) ?? { status: unlessDamaged, reason: null }
  return {
    path,
    length,
    found: found ? (found.kind === 'file' ? found.fingerprint.size : null) : length,
    status,
    reason,
    ranges: bytesIn(BAD | SUSPECT),
    blockRanges: badBlocks && blockRangesOf(pieces, stretch, badBlocks),
    disagreed: bytesIn(DISAGREED),
    unchecked,
  }
}

/**
 * The bytes of a file that lie in bad blocks, in order: of pieces of which more is known, the bad
 * blocks alone.
 */
function blockRangesOf(
  pieces: PieceStates,
  [start, end]: Interval,
  badBlocks: BadBlocks,
): Interval[] {
  const ranges: Interval[] = []
  for (const [from, to] of rangesOf(pieces, [start, end], BAD_BLOCKS)) {
    for (let at = from; at < to; at += pieces.pieceLength) {
      const whole: Interval = [at, Math.min(at + pieces.pieceLength, to)]
      const known = badBlocks.get((start + at) / pieces.pieceLength) ?? [whole]
      for (const [first, last] of known) appendRange(ranges, [first, Math.min(last, end - start)])
    }
  }
  return ranges
}
