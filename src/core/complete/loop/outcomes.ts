import { basename } from 'node:path'
import { readFingerprintIfThere } from '../../../files/fingerprint.js'
import type { Skipped } from '../../digests/skipped.js'
import type { EntryDecision, EntrySkip } from '../decide/entry.js'
import type { ListDecision } from '../decide/lists.js'
import {
  changeOf,
  listOf,
  withFact,
  type Skip,
  type SkipReason,
  type TorrentPaths,
} from '../report.js'
import type { CompleteRun } from '../request.js'
import { pathsOf, type DirectoryEntry, type SourceDirectory } from '../target/directories.js'

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
  const paths = pathsOf(entry.name, entry.directory)
  const made = changeOf(paths, hashes, existing?.metainfo ?? null)
  const change = pieces ? withFact(made, { pieces }) : made
  report[kind].push(change)
  // There may be very many entries, and most lack nothing
  const lacking = leftOut.filter(isContent)
  for (const { path, reason } of lacking) report.skipped.push({ ...paths, path, reason })
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
  const list = listOf(pathsOf(entry.name, entry.directory, file))
  if (decision.kind === 'skip') skipped.push({ ...list, reason: decision.reason })
  if (decision.kind === 'write')
    (decision.existing ? updated : created).push(withFact(list, { isUnread }))
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
