import { BtkitError } from '../../errors.js'
import type { PieceFacts } from '../make/piece-choice.js'
import { createSyncReport, type SyncReport } from '../publish/client.js'
import type { InfoRule } from './info-rules.js'
import type { SkipReason as EntrySkipReason } from '../../files/scan/scanned-tree.js'

/** Which entry something is about: the path by which it was given, and the absolute one. */
export interface EntryPaths {
  readonly source: string
  readonly sourcePath: string
}

/** The same with its torrent. */
export interface TorrentPaths extends EntryPaths {
  readonly torrent: string
  readonly torrentPath: string
}

/** A torrent that was written or removed. */
export interface Change extends TorrentPaths {
  /** Those of v1 and v2; null for one that was removed, or whose content a dry run did not read. */
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  /** Null for one that is new. */
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null
  /** Of a torrent that a dry run would write: how long its pieces are, and why. */
  readonly pieces?: PieceFacts | null
}

/** Which list of checksums something is about, and the entry that it is of. */
export interface ListPaths extends EntryPaths {
  readonly list: string
  readonly listPath: string
}

/** A list that is left as it is, or with `content not read` may be. */
export interface ListSkip extends ListPaths {
  readonly reason: 'foreign' | 'edited' | 'content not read' | 'source gone' | 'source empty'
}

/** A list that was written. */
export interface WrittenList extends ListPaths {
  /** In a dry run: whether only the content could tell that it does not just stay. */
  readonly isUnread: boolean
}

/** What became of lists of checksums. */
export interface ListsReport {
  readonly created: ListPaths[]
  readonly updated: WrittenList[]
  readonly removed: ListPaths[]
  readonly skipped: ListSkip[]
}

/** Why an entry was left alone. */
export type SkipReason =
  | 'foreign' // its torrent was not written by completedir
  | 'outdated' // the same, and the sizes of its files are those of other content
  | 'edited' // its torrent was, and was changed since in a way that can't be kept
  | 'source gone' // the same, and it would be pruned
  | 'source empty' // the same, and it would be pruned
  | 'content not read' // in a dry run: whether its torrent is ours can't be told without
  | 'too new' // it changed lately, and may not be complete
  | 'empty' // it holds no bytes
  | 'the target' // it is the directory of the torrents
  | EntrySkipReason

export interface Skip extends TorrentPaths {
  readonly reason: SkipReason
  /** Whether the entry was content once, and has a torrent of ours from then; absent when not. */
  readonly leavesTorrent?: boolean
  /** Of a foreign torrent that may be adopted: how long its pieces are, in bytes. */
  readonly pieceLength?: number
}

export interface Failure extends EntryPaths {
  /** The code of a BtkitError, or `internal`. */
  readonly code: string
  readonly message: string
}

/** What a run of completedir did, or with `dryRun` would do. */
export interface CompleteReport {
  readonly created: Change[]
  readonly updated: Change[]
  /** Torrents of others that are ours now. */
  readonly adopted: Change[]
  readonly removed: Change[]
  unchanged: number
  readonly failed: Failure[]
  readonly skipped: Skip[]
  readonly checksumLists: ListsReport
  bytesHashed: number
  bytesReused: number
  /** What clients were told. */
  clients: SyncReport
  /** Whether its lasting problems are others than those of the last run. */
  hasNewProblems: boolean
  /** Of torrents that keep an `info` that would be another now: how many, by what would differ. */
  readonly kept: Partial<Record<InfoRule, number>>
  /** Whether a signal ended the run before it was done. */
  isInterrupted: boolean
  /** Of the torrents that were looked at closer, the paths with a backslash in a name. */
  backslashed: { count: number; first: string | null }
}

/** The report of a run that has done nothing yet. */
export function createReport(): CompleteReport {
  return {
    created: [],
    updated: [],
    adopted: [],
    removed: [],
    unchanged: 0,
    failed: [],
    skipped: [],
    checksumLists: { created: [], updated: [], removed: [], skipped: [] },
    bytesHashed: 0,
    bytesReused: 0,
    clients: createSyncReport(),
    hasNewProblems: false,
    kept: {},
    isInterrupted: false,
    backslashed: { count: 0, first: null },
  }
}

/** Notes that something failed which does not stop the rest. */
export function noteFailure(
  { failed }: CompleteReport,
  { source, sourcePath }: EntryPaths,
  error: unknown,
): void {
  const code = error instanceof BtkitError ? error.code : 'internal'
  const message = error instanceof Error ? error.message : String(error)
  failed.push({ source, sourcePath, code, message })
}

/** Notes paths in which a name has a backslash. */
export function noteBackslashes({ backslashed }: CompleteReport, paths: readonly string[]): void {
  backslashed.count += paths.length
  backslashed.first ??= paths[0] ?? null
}

/**
 * Notes that a torrent keeps an `info` that would be another by some rules, except what was reported
 * of it before.
 */
export function noteKept(
  { kept }: CompleteReport,
  rules: readonly InfoRule[],
  before: readonly string[] = [],
): void {
  for (const rule of rules) if (!before.includes(rule)) kept[rule] = (kept[rule] ?? 0) + 1
}

/** Sorts a report's lists by source: writes end in any order. */
export function sortReport(report: CompleteReport): void {
  const { created, updated, adopted, removed, failed, skipped, checksumLists } = report
  for (const list of [created, updated, adopted, removed, failed, skipped]) sortBySource(list)
  const lists = checksumLists
  for (const list of [lists.created, lists.updated, lists.removed, lists.skipped])
    sortBySource(list)
}

/** Most are: entries come in order, and their sources all at once would take much memory. */
function isSorted(list: readonly EntryPaths[]): boolean {
  let last = ''
  return list.every(({ source }) => {
    const isNext = last <= source
    last = source
    return isNext
  })
}

/** Asks each for its source but once, as that may be made when asked for. */
function sortBySource(list: EntryPaths[]): void {
  if (isSorted(list)) return
  const keyed = list.map((each) => ({ each, source: each.source }))
  keyed.sort((a, b) => (a.source < b.source ? -1 : 1))
  keyed.forEach(({ each }, i) => (list[i] = each))
}
