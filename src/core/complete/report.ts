import { resolve } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import type { ScanSkipReason as EntrySkipReason } from '../../disk/scan/scanned-tree.js'
import type { InfoHashes } from '../../metainfo/values.js'
import type { PieceFacts } from '../make/piece-choice.js'
import type { SyncReport } from '../publish/client.js'

/** A rule that determines an `info` besides the content. */
export type InfoRule =
  | 'piece length'
  | 'version'
  | 'private flag'
  | 'source tag'
  | 'pad files'
  | 'file order'
  | 'file attributes'
  | 'further keys'

/** The paths of an entry: as given, and absolute. */
export interface EntryPaths {
  readonly source: string
  readonly sourcePath: string
}

/** The paths of an entry and of its torrent. */
export interface TorrentPaths extends EntryPaths {
  readonly torrent: string
  readonly torrentPath: string
}

/** A torrent that was written or removed. */
export interface Change extends TorrentPaths {
  /** The v1 and v2 hashes. Null for a removed torrent, or if a dry run did not read the content. */
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  /** Null for a new torrent. */
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null
  /**
   * Of an updated torrent: why it was made again; absent if a dry run did not read the content. Of
   * an adopted one: the values that change; absent if none does.
   */
  readonly reason?: string
  /** In a dry run: the piece length of the torrent and its reason. */
  readonly pieces?: PieceFacts | null
  /** Not in JSON: why clients will refuse the torrent. */
  readonly refusals?: readonly string[]
}

/** The paths of a list and of its entry. */
export interface ListPaths extends EntryPaths {
  readonly list: string
  readonly listPath: string
}

/** A list that is left unchanged; with `content not read` it only may be. */
export interface ListSkip extends ListPaths {
  readonly reason: LeftReason | 'source gone' | 'source empty'
}

/** A list that was written. */
export interface WrittenList extends ListPaths {
  /** In a dry run: whether only reading content would show if the list stays unchanged. */
  readonly isUnread: boolean
}

/** The outcomes for lists of checksums. */
export interface ListsReport {
  readonly created: ListPaths[]
  readonly updated: WrittenList[]
  readonly removed: ListPaths[]
  readonly skipped: ListSkip[]
}

/** Why an existing torrent or list is left unchanged. */
export type LeftReason =
  | 'foreign' // another program wrote it
  | 'outdated' // the same, and the file sizes do not match the content
  | 'edited' // it was edited in a way that cannot be preserved
  | 'content not read' // in a dry run: only the content would show whether it is btkit's

/** Why an entry was left alone. */
export type SkipReason =
  | LeftReason
  | 'source gone' // its torrent was edited, and would be pruned
  | 'source empty' // the same
  | 'too new' // it changed recently, and may be incomplete
  | 'empty' // it has no bytes
  | 'the target' // it is the directory of the torrents
  | 'unfinished' // it is a download that goes on, or contains one
  | EntrySkipReason

export interface Skip extends TorrentPaths {
  readonly reason: SkipReason
  /** Whether the entry was content before, and still has a torrent of btkit; absent if not. */
  readonly leavesTorrent?: boolean
  /** For a foreign torrent that may be adopted: its piece length in bytes. */
  readonly pieceLength?: number
  /** Not in JSON: why a file is left out that a foreign torrent has. */
  readonly leftOut?: string | undefined
  /**
   * The path inside the entry of something that its torrent lacks; absent if the entry itself was
   * skipped.
   */
  readonly path?: string | undefined
}

export interface Failure extends EntryPaths {
  /** The code of a BtkitError, or `internal`. */
  readonly code: string
  readonly message: string
}

/** The results of a completedir run, or of a dry run. */
export interface CompleteReport {
  readonly created: Change[]
  readonly updated: Change[]
  /** Foreign torrents that became btkit's. */
  readonly adopted: Change[]
  readonly removed: Change[]
  unchanged: number
  readonly failed: Failure[]
  readonly skipped: Skip[]
  readonly checksumLists: ListsReport
  bytesHashed: number
  bytesReused: number
  /** The changes in clients. */
  readonly clients: SyncReport
  /** Torrents that have neither a source nor a record; empty without pruning. */
  readonly unrecorded: string[]
  /** Whether its foreign or unrecorded torrents differ from those of the last run. */
  hasNewForeign: boolean
  /** The number of torrents that keep an outdated `info`, by the rule that would change it. */
  readonly kept: Partial<Record<InfoRule, number>>
  /** Whether a signal ended the run early. */
  isInterrupted: boolean
  /** Paths with a backslash in a name, among the torrents that were examined. */
  readonly backslashed: { count: number; first: string | null }
}

/** Creates an empty report. */
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
    clients: { published: [], republished: [], withdrawn: [], unpublished: [] },
    unrecorded: [],
    hasNewForeign: false,
    kept: {},
    isInterrupted: false,
    backslashed: { count: 0, first: null },
  }
}

/** A torrent that was written or removed: its info hashes afterwards and before. */
export function changeOf(
  paths: TorrentPaths,
  now: InfoHashes | null,
  old: InfoHashes | null,
): Change {
  const { source, sourcePath, torrent, torrentPath } = paths
  // Lists all properties: there may be very many, and spreading takes several times as long
  return {
    source,
    sourcePath,
    torrent,
    torrentPath,
    infoHash: now?.infoHash ?? null,
    infoHashV2: now?.infoHashV2 ?? null,
    oldInfoHash: old?.infoHash ?? null,
    oldInfoHashV2: old?.infoHashV2 ?? null,
  }
}

/** The paths of a list, which pathsOf returns as those of a torrent. */
export function listOf({ source, sourcePath, torrent, torrentPath }: TorrentPaths): ListPaths {
  return { source, sourcePath, list: torrent, listPath: torrentPath }
}

/** Adds a fact that JSON does not have. */
export function withFact<T extends object, Fact extends object>(value: T, fact: Fact): T & Fact {
  for (const [key, each] of Object.entries(fact)) Object.defineProperty(value, key, { value: each })
  return value as T & Fact
}

/** Records a failure that does not stop the rest. */
export function noteFailure(
  { failed }: CompleteReport,
  { source, sourcePath }: EntryPaths,
  error: unknown,
): void {
  const code = error instanceof BtkitError ? error.code : 'internal'
  const message = error instanceof Error ? error.message : String(error)
  failed.push({ source, sourcePath, code, message })
}

/** Records that of a directory, unless there is one with the same reason, such as a full disk. */
export function noteOnce(report: CompleteReport, source: string, error: unknown): void {
  const said = error instanceof Error ? error.message : null
  if (report.failed.some(({ message }) => message === said)) return
  noteFailure(report, { source, sourcePath: resolve(source) }, error)
}

/** The entries that were skipped themselves. */
export function skippedEntries({ skipped }: Pick<CompleteReport, 'skipped'>): Skip[] {
  return skipped.filter(({ path }) => path === undefined)
}

/** The paths of the entries that failed or were skipped, so that their torrents may be outdated. */
export function leftAlone(report: CompleteReport): Set<string> {
  const left = [...report.failed, ...skippedEntries(report)]
  return new Set(left.map(({ sourcePath }) => sourcePath))
}

/** Sorts a report's lists by source, because writes end in any order. */
export function sortReport(report: CompleteReport): void {
  const { created, updated, adopted, removed, failed, skipped, checksumLists: lists } = report
  const all: EntryPaths[][] = [created, updated, adopted, removed, failed, skipped]
  all.push(lists.created, lists.updated, lists.removed, lists.skipped)
  for (const list of all)
    list.sort((a, b) => (a.source < b.source ? -1 : Number(a.source > b.source)))
}
