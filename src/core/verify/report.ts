import type { BtkitError } from '../../errors.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { FileFailures } from './check-pieces.js'
import type { FoundFile, Place } from './content.js'
import type { BadBlocks } from './explain-pieces.js'
import {
  BAD,
  DISAGREED,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
  BAD_BLOCKS,
} from './pieces.js'

/**
 * What is to be said of a file; of several that hold, the first. An `extra` file is no part of the
 * torrent.
 */
export const FILE_STATUSES = [
  'missing', // no file is there
  'unreadable', // the system refuses to read it, or some of it
  'changed', // while it was read
  'short',
  'long',
  'damaged', // it has bad bytes for certain
  'suspect', // it or another file has bad bytes, in a piece that runs through both
  'unchecked', // nothing wrong was found, but it shares pieces with bytes that could not be read
  'extra',
  'ok',
] as const

/** One of FILE_STATUSES. */
type FileStatus = (typeof FILE_STATUSES)[number]

/** A file of the torrent, or one beside its files. */
export interface VerifiedFile {
  /** The components below the torrent's name; for a torrent of a single file, its name alone. */
  readonly path: readonly string[]
  /** In bytes: what the torrent says, and of an extra file what it has. */
  readonly length: number
  /** The bytes found; null when there is no file. */
  readonly found: number | null
  readonly status: FileStatus
  /** Why the file is missing, unreadable or changed, as far as there is more to say. */
  readonly reason: string | null
  /** The bytes that lie in bad pieces, in order; ranges that adjoin are one. */
  readonly ranges: readonly Interval[]
  /**
   * Of these, the bytes in blocks of version 2 that are bad, as closely as they are known: where
   * only the torrent tells, all blocks of a piece. Null where version 2 was not checked.
   */
  readonly blockRanges: readonly Interval[] | null
  /** Of these, the bytes in pieces that are good by one version of a hybrid. */
  readonly disagreed: readonly Interval[]
  /** Likewise those in pieces that could not be checked. */
  readonly unchecked: readonly Interval[]
}

/** What a check found out. */
export interface VerifyReport {
  /** Where its files were looked for. */
  readonly place: Place
  /** Whether every file is there as the torrent describes it. */
  readonly ok: boolean
  readonly pieces: number
  /** Pieces that were read and are not what the torrent says. */
  readonly badPieces: number
  /** Pieces that were not read, or not in full. */
  readonly uncheckedPieces: number
  /** Bad pieces that are good by one version of a hybrid: no content can be whole by both. */
  readonly disagreeingPieces: number
  /** Why version 2's side of a hybrid was not checked; null when it was, or there is none. */
  readonly v2Refusal: string | null
  /** In stream order without pad files, then the extra ones. */
  readonly files: readonly VerifiedFile[]
  /** Why extra files could not be looked for; null when they could, or nobody asked. */
  readonly extraError: BtkitError | null
}

/** What is known of a file beside what was found in its place. */
interface Findings {
  readonly pieces: PieceStates
  /** Null when no file was read. */
  readonly failures: FileFailures | null
  /** What is known of blocks in bad pieces; null when the torrent's version 2 was not checked. */
  readonly badBlocks: BadBlocks | null
}

/** Says what is wrong with a file, if anything is. */
export function judgeFile(found: FoundFile, findings: Findings): VerifiedFile {
  const { pieces, failures, badBlocks } = findings
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

/** What is wrong with a file as a whole. */
interface Problem {
  readonly status: FileStatus
  readonly reason: string | null
}

function problemOf({ file, found }: FoundFile, failures: FileFailures | null): Problem | null {
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

/** A symbolic link (BEP 47) has no content of its own: whatever it leads to will do. */
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
