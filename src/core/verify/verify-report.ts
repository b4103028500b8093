import type { BtkitError } from '../../errors.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { BadBlocks, CheckResult } from './check-pieces.js'
import {
  type FoundFile,
  type DataPlace,
  BAD,
  DISAGREED,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
  BAD_BLOCKS,
} from './content.js'

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

/** One of FILE_STATUSES. */
type FileStatus = (typeof FILE_STATUSES)[number]

/** A file of the torrent, or an extra file. */
export interface VerifiedFile {
  /** The components below the torrent's name. For a single-file torrent, only its name. */
  readonly path: readonly string[]
  /** Expected bytes; for an extra file its bytes. */
  readonly length: number
  /** Bytes of the existing file; null if there is none. */
  readonly found: number | null
  readonly status: FileStatus
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
  /** In stream order without pad files, followed by the extra files. */
  readonly files: readonly VerifiedFile[]
  /** Why extra files could not be looked for in some places; empty if they were not requested. */
  readonly extraProblems: readonly BtkitError[]
}

/** Determines the status of a file. `failures` is null if no file was read. */
export function judgeFile(
  found: FoundFile,
  pieces: PieceStates,
  failures: CheckResult | null,
): VerifiedFile {
  const badBlocks = failures?.badBlocks ?? null
  const bytesIn = (states: number) => {
    return failures === null ? [] : rangesOf(pieces, found.stretch, states)
  }
  const problem = problemOf(found, failures)
  const isDamaged = bytesIn(BAD).length > 0
  const isSuspect = bytesIn(SUSPECT).length > 0
  const unchecked = bytesIn(UNCHECKED)
  const unlessOk = isDamaged ? 'damaged' : isSuspect ? 'suspect' : 'unchecked'
  const isOk = !isDamaged && !isSuspect && unchecked.length === 0
  return {
    path: found.file.path,
    length: found.file.length,
    found: found.found.kind === 'file' ? found.found.fingerprint.size : null,
    status: problem?.status ?? (isOk ? 'ok' : unlessOk),
    reason: problem?.reason ?? null,
    ranges: bytesIn(BAD | SUSPECT),
    blockRanges: badBlocks && blockRangesOf(pieces, found.stretch, badBlocks),
    disagreed: bytesIn(DISAGREED),
    unchecked,
  }
}

/** A problem of a whole file. */
interface Problem {
  readonly status: FileStatus
  readonly reason: string | null
}

function problemOf({ file, found }: FoundFile, failures: CheckResult | null): Problem | null {
  if (isLink(file)) return found.kind === 'missing' ? { status: 'missing', reason: null } : null
  if (found.kind === 'unreadable') return { status: 'unreadable', reason: found.reason }
  if (found.kind !== 'file') return { status: 'missing', reason: REASONS[found.kind] }
  const changed = failures?.changed.get(found.path)
  if (changed !== undefined) return { status: 'changed', reason: `${changed} while it was read` }
  const unreadable = failures?.unreadable.get(found.path)
  if (unreadable !== undefined) return { status: 'unreadable', reason: unreadable }
  if (found.fingerprint.size === file.length) return null
  return { status: found.fingerprint.size < file.length ? 'short' : 'long', reason: null }
}

/**
 * Whether a file is a symbolic link (BEP 47). It has no content of its own, so any target is
 * accepted.
 */
function isLink({ attr, length }: MetainfoFile): boolean {
  return attr.includes('l') && length === 0
}

type AbsentKind = Exclude<FoundFile['found']['kind'], 'file' | 'unreadable'>

const REASONS: Record<AbsentKind, string | null> = {
  missing: null,
  directory: 'in its place is a directory',
  outside: 'in its place is a link that leads outside',
  'link loop': 'in its place is a link that leads to itself',
  'special file': 'in its place is no regular file',
}

/**
 * The bytes of a file that lie in bad blocks, in order: of pieces of which more is known, the bad
 * blocks alone. Ranges that adjoin are one.
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
