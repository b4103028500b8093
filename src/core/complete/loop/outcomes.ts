import { basename, join } from 'node:path'
import { readFingerprintIfThere } from '../../../files/fingerprint.js'
import type { InfoHashes } from '../../../metainfo/values.js'
import type { Skipped } from '../../digests/skipped.js'
import type { PieceFacts } from '../../make/piece-choice.js'
import type {
  Change,
  EntryPaths,
  ListPaths,
  Skip,
  SkipReason,
  TorrentPaths,
  WrittenList,
} from '../report.js'
import type { ListDecision } from '../decide/lists.js'
import { pathsOf, type DirectoryEntry, type SourceDirectory } from '../target/directories.js'
import type { EntryDecision, EntrySkip } from '../decide/entry.js'
import type { CompleteRun } from '../request.js'

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
  if (torrent.kind === 'keep') report.unchanged++
}

/** Reports an entry without a torrent of btkit. Returns whether it lost all its bytes. */
export function noteSkip(
  { report, request }: CompleteRun,
  { name, directory }: DirectoryEntry,
  { reason, isEmptied = false, pieceLength }: EntrySkip,
): boolean {
  const paths = pathsOf(name, directory)
  const isPruned = isEmptied && request.prune !== 'never'
  const isStale = !isPruned && leavesStaleTorrent(reason, paths, directory)
  report.skipped.push({
    ...{ ...paths, reason },
    ...(isStale && { leavesTorrent: true }),
    ...(pieceLength !== undefined && { pieceLength }),
  })
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
  const change = new EntryChange(entry, pieces, { now: hashes, old: existing?.metainfo ?? null })
  report[kind].push(change)
  // There may be very many entries, and most lack nothing
  const lacking = leftOut.filter(isContent)
  for (const { path, reason } of lacking)
    report.skipped.push({ ...pathsOf(entry.name, entry.directory), path, reason })
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

/** A file of an entry that was written. Paths are computed on demand: there may be very many. */
class WrittenFile implements EntryPaths {
  readonly #entry: DirectoryEntry
  readonly #file: string | undefined

  /** `file` is its name in the target; by default that of the torrent. */
  constructor(entry: DirectoryEntry, file?: string) {
    this.#entry = entry
    this.#file = file
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
  }

  get sourcePath(): string {
    return this.paths.sourcePath
  }

  protected get paths(): TorrentPaths {
    return pathsOf(this.#entry.name, this.#entry.directory, this.#file)
  }
}

/** A torrent that was written. */
class EntryChange extends WrittenFile implements Change {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null

  constructor(
    entry: DirectoryEntry,
    readonly pieces: PieceFacts | null,
    { now, old }: { readonly now: InfoHashes | null; readonly old: InfoHashes | null },
  ) {
    super(entry)
    this.infoHash = now?.infoHash ?? null
    this.infoHashV2 = now?.infoHashV2 ?? null
    this.oldInfoHash = old?.infoHash ?? null
    this.oldInfoHashV2 = old?.infoHashV2 ?? null
  }

  get torrent(): string {
    return this.paths.torrent
  }

  get torrentPath(): string {
    return this.paths.torrentPath
  }

  /** Called by JSON.stringify. */
  toJSON(): Change {
    const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } = this
    return { ...this.paths, infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 }
  }
}

/** A list of checksums that was written or left. */
class ListChange extends WrittenFile implements WrittenList {
  constructor(
    entry: DirectoryEntry,
    file: string,
    readonly isUnread: boolean,
  ) {
    super(entry, file)
  }

  get list(): string {
    return this.paths.torrent
  }

  get listPath(): string {
    return this.paths.torrentPath
  }

  /** Called by JSON.stringify. */
  toJSON(): ListPaths {
    const { source, sourcePath, list, listPath } = this
    return { source, sourcePath, list, listPath }
  }
}
