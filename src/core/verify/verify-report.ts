import type { BtkitError } from '../../errors.js'
import type { Resolved } from '../../files/inside.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { CheckResult, PieceCheck } from './judge.js'
import { stretchOf, type DataPlace } from './locate.js'
import {
  BAD,
  BAD_BLOCKS,
  DISAGREED,
  isGood,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
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
  /** In stream order without pad files, followed by the extra files. Created when first requested. */
  readonly files: readonly VerifiedFile[]
  /** The same without files that are ok. */
  readonly problems: readonly VerifiedFile[]
  /** Why extra files could not be looked for in some places; empty if they were not requested. */
  readonly extraProblems: readonly BtkitError[]
}

/** Determines the statuses of files. Without a result, nothing was read. */
export class FileJudge {
  constructor(
    private readonly check: PieceCheck,
    private readonly result: CheckResult | null,
  ) {}

  /** Returns a file with its status, by its number in the stream. */
  judge({ path, length, attr }: MetainfoFile, number: number): VerifiedFile {
    const { content, pieces } = this.check
    const stretch = stretchOf(content, number)
    const isClean = this.result === null || isGood(pieces, stretch)
    const bytesIn = (states: number) => (isClean ? NONE : rangesOf(pieces, stretch, states))
    const found = content.odd.get(number)
    const isLink = attr.includes('l') && length === 0
    const problem = isLink ? problemOfLink(found) : this.#problemOf(number, found)
    const unchecked = bytesIn(UNCHECKED)
    const unlessUnchecked = unchecked.length > 0 ? 'unchecked' : 'ok'
    const unlessSuspect = bytesIn(SUSPECT).length > 0 ? 'suspect' : unlessUnchecked
    return {
      path,
      length,
      found: found ? sizeOf(found) : length,
      status: problem?.status ?? (bytesIn(BAD).length > 0 ? 'damaged' : unlessSuspect),
      reason: problem?.reason ?? null,
      ranges: bytesIn(BAD | SUSPECT),
      blockRanges: this.#blockRangesOf(stretch),
      disagreed: bytesIn(DISAGREED),
      unchecked,
    }
  }

  /** Returns the problem of a whole file. `found` is the entry in its place, unless it has its length. */
  #problemOf(number: number, found: Resolved | undefined): Problem | null {
    if (found && found.kind !== 'file') return problemOfAbsent(found)
    const { files } = this.check.content
    const { changed, unreadable } = this.result ?? NOTHING
    const change = changed.get(number)
    if (change !== undefined) return { status: 'changed', reason: `${change} while it was read` }
    const why = unreadable.size > 0 ? unreadable.get(files.absolutePathAt(number)) : undefined
    if (why !== undefined) return { status: 'unreadable', reason: why }
    if (!found) return null
    const isShort = found.fingerprint.size < files.sizeAt(number)
    return { status: isShort ? 'short' : 'long', reason: null }
  }

  /**
   * The bytes of a file that lie in bad blocks, in order: of pieces of which more is known, the bad
   * blocks alone. Ranges that adjoin are one.
   */
  #blockRangesOf([start, end]: Interval): Interval[] | null {
    const { pieces } = this.check
    const badBlocks = this.result?.badBlocks
    if (!badBlocks) return null
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
}

const NONE: readonly Interval[] = []
const NOTHING: Pick<CheckResult, 'changed' | 'unreadable'> = {
  changed: new Map(),
  unreadable: new Map(),
}

/** A problem of a whole file. */
interface Problem {
  readonly status: FileStatus
  readonly reason: string | null
}

/** A symbolic link (BEP 47) has no content of its own, so any target is accepted. */
function problemOfLink(found: Resolved | undefined): Problem | null {
  return found?.kind === 'missing' ? problemOfAbsent(found) : null
}

type Absent = Exclude<Resolved, { kind: 'file' }>

function problemOfAbsent(found: Absent): Problem {
  if (found.kind === 'unreadable') return { status: 'unreadable', reason: found.reason }
  return { status: 'missing', reason: REASONS[found.kind] }
}

const REASONS: Record<Exclude<Absent['kind'], 'unreadable'>, string | null> = {
  missing: null,
  directory: 'in its place is a directory',
  outside: 'in its place is a link that leads outside; --follow-symlinks allows that',
  'link loop': 'in its place is a link that leads to itself',
  'special file': 'in its place is no regular file',
}

function sizeOf(found: Resolved): number | null {
  return found.kind === 'file' ? found.fingerprint.size : null
}

function append(ranges: Interval[], range: Interval): void {
  const last = ranges.at(-1)
  if (last?.[1] === range[0]) ranges[ranges.length - 1] = [last[0], range[1]]
  else ranges.push(range)
}
