import { basename, join } from 'node:path'
import type { InfoHashes } from '../../metainfo/values.js'
import type { PieceFacts } from '../make/piece-choice.js'
import {
  noteLeftOut,
  type Change,
  type EntryPaths,
  type ListPaths,
  type Skip,
  type SkipReason,
  type TorrentPaths,
  type WrittenList,
} from './complete-report.js'
import type { ListDecision } from './decide-lists.js'
import type { EntryDecision } from './entry.js'
import type { CompleteRun } from './request.js'
import type { Skipped } from '../digests/skipped.js'
import { readFingerprintIfThere } from '../../files/fingerprint.js'
import { pathsOf, type DirectoryEntry, type SourceDirectory } from './directories.js'

// The report of a run, as far as it is about entries.

/** Counts a decision. A dry run reads nothing, and does not know which digests it could reuse. */
export function countDecision(
  { report }: CompleteRun,
  { torrent, size, bytesRead, ...decision }: EntryDecision,
): void {
  // Reading for checksums covers at least all bytes read for pieces
  const bytesHashed = Math.max(decision.bytesHashed, bytesRead)
  const isUnread = torrent.kind === 'write' && torrent.hashes === null
  report.bytesHashed += bytesHashed
  if (!isUnread && torrent.kind !== 'skip') report.bytesReused += size - bytesHashed
}

/** Reports an entry without a torrent of btkit. Returns whether it lost all its bytes. */
export function noteSkip(
  { report, request }: CompleteRun,
  { name, directory }: DirectoryEntry,
  torrent: EntryDecision['torrent'] & { kind: 'skip' },
): boolean {
  const paths = pathsOf(name, directory)
  const isEmptied = 'isEmptied' in torrent && torrent.isEmptied
  const isPruned = isEmptied && request.prune !== 'never'
  const isStale = !isPruned && leavesStaleTorrent(torrent.reason, paths, directory)
  const left = isStale ? { leavesTorrent: true } : {}
  const { pieceLength } = 'pieceLength' in torrent ? torrent : {}
  const adoptable = pieceLength === undefined ? {} : { pieceLength }
  report.skipped.push({ ...paths, reason: torrent.reason, ...left, ...adoptable })
  return isEmptied
}

/** Reports a torrent that was written. */
export function noteTorrent(
  { report, watch }: CompleteRun,
  entry: DirectoryEntry,
  { torrent, pieces, leftOut }: EntryDecision,
): void {
  if (torrent.kind !== 'write') return
  const { existing, hashes, isAdopted } = torrent
  const kind = isAdopted ? 'adopted' : existing ? 'updated' : 'created'
  const change = new EntryChange(entry, { hashes, oldHashes: existing?.metainfo ?? null, pieces })
  report[kind].push(change)
  const lacking = leftOut.filter(isContent)
  // There may be very many entries, and most lack nothing
  if (lacking.length > 0) noteLeftOut(report, pathsOf(entry.name, entry.directory), lacking)
  watch.written?.(kind, change, lacking)
}

/** Reports a list of checksums that was written or left. */
export function noteList(
  { report }: CompleteRun,
  entry: DirectoryEntry,
  { file, decision }: ListDecision,
): void {
  const { created, updated, skipped } = report.checksumLists
  const isUnread = decision.kind === 'write' && decision.act === null
  const change = new ListChange(entry, file, isUnread)
  if (decision.kind === 'skip') skipped.push({ ...change.toJSON(), reason: decision.reason })
  else if (decision.kind === 'write') (decision.existing ? updated : created).push(change)
}

/** btkit's own files are no content that a torrent could lack. */
function isContent(skipped: Skipped): skipped is Skipped & Pick<Skip, 'reason'> {
  return skipped.reason !== 'the torrent itself' && skipped.reason !== 'temporary file'
}

/** The reasons for skipping an entry that may have been content before. */
const REPLACED: ReadonlySet<SkipReason> = new Set([
  'not a regular file',
  'link',
  'link leads outside',
  'link loop',
  'broken link',
  'empty',
  'hidden',
])

/** Whether a skipped entry has an outdated torrent from when it was content. */
function leavesStaleTorrent(
  reason: SkipReason,
  { sourcePath, torrentPath }: TorrentPaths,
  { targetDirectory }: SourceDirectory,
): boolean {
  if (!REPLACED.has(reason)) return false
  const record = targetDirectory.log.get(basename(torrentPath))
  return record?.source === sourcePath && readFingerprintIfThere(torrentPath) !== null
}

// Paths are computed on demand, because a report may have very many entries.

/** The paths of an entry in a report. */
class EntryOutcome implements EntryPaths {
  readonly #entry: DirectoryEntry

  constructor(entry: DirectoryEntry) {
    this.#entry = entry
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
  }

  get sourcePath(): string {
    return join(this.#entry.directory.realDirectory, this.#entry.name)
  }

  protected get entry(): DirectoryEntry {
    return this.#entry
  }
}

/** The facts about a written torrent. */
interface ChangeFacts {
  readonly hashes: InfoHashes | null
  readonly oldHashes: InfoHashes | null
  /** Only in a dry run. */
  readonly pieces: PieceFacts | null
}

/** A torrent that was written. */
class EntryChange extends EntryOutcome implements Change {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null
  readonly pieces: PieceFacts | null

  constructor(entry: DirectoryEntry, { hashes, oldHashes, pieces }: ChangeFacts) {
    super(entry)
    this.pieces = pieces
    this.infoHash = hashes?.infoHash ?? null
    this.infoHashV2 = hashes?.infoHashV2 ?? null
    this.oldInfoHash = oldHashes?.infoHash ?? null
    this.oldInfoHashV2 = oldHashes?.infoHashV2 ?? null
  }

  get torrent(): string {
    return this.#paths.torrent
  }

  get torrentPath(): string {
    return this.#paths.torrentPath
  }

  /** Called by JSON.stringify. */
  toJSON(): Change {
    const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } = this
    return { ...this.#paths, infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 }
  }

  get #paths() {
    return pathsOf(this.entry.name, this.entry.directory)
  }
}

/** A list of checksums that was written or left. */
class ListChange extends EntryOutcome implements WrittenList {
  /** `file` is the name of the list in the target. */
  constructor(
    entry: DirectoryEntry,
    private readonly file: string,
    readonly isUnread: boolean,
  ) {
    super(entry)
  }

  get list(): string {
    return join(this.entry.directory.target, this.file)
  }

  get listPath(): string {
    return join(this.entry.directory.targetDirectory.realPath, this.file)
  }

  /** Called by JSON.stringify. */
  toJSON(): ListPaths {
    const { source, sourcePath, list, listPath } = this
    return { source, sourcePath, list, listPath }
  }
}
