import { unlinkSync } from 'node:fs'
import { asBtkitError } from '../../errors.js'
import { parseListName } from '../checksums/lists.js'
import { entryName } from './directories.js'
import { isListOfOurs, readExistingList } from './existing-list.js'
import { hasEdits, isEmptyFile, readExisting, recognize } from './existing-torrent.js'
import { findOrphans, type Orphan, type PruneRules } from './orphans.js'
import { noteFailure, type ListPaths, type TorrentPaths } from './complete-report.js'
import type { CompleteRun } from './request.js'

/** Removes all unedited torrents of btkit whose sources no longer exist. */
export function pruneAll(rules: PruneRules, run: CompleteRun): void {
  for (const orphan of findOrphans(rules, entryName)) {
    try {
      prune(orphan, run)
    } catch (error) {
      const { paths } = orphan
      noteFailure(run.report, paths, asBtkitError(error, paths.torrent))
    }
  }
}

/** Removes an orphan if it is unedited; with `force` in any case. */
function prune(orphan: Orphan, { request, report }: CompleteRun): void {
  const { file, directory, record, paths, isEmptied } = orphan
  const existing = readExisting(paths.torrentPath)
  if (!existing) return
  const { metainfo } = existing
  const written = recognize(existing, record)
  const isAsWritten =
    isEmptyFile(existing) || (metainfo && written && !hasEdits(metainfo, written.keys))
  if (!isAsWritten && !request.force) {
    report.skipped.push({ ...paths, reason: isEmptied ? 'source empty' : 'source gone' })
    return
  }
  if (!request.dryRun) {
    unlinkSync(paths.torrentPath)
    directory.targetDirectory.log.put(file, null)
  }
  report.removed.push({
    ...paths,
    infoHash: null,
    infoHashV2: null,
    oldInfoHash: metainfo?.infoHash ?? null,
    oldInfoHashV2: metainfo?.infoHashV2 ?? null,
  })
}

/** Removes all unedited lists of btkit whose sources no longer exist. */
export function pruneLists(rules: PruneRules, run: CompleteRun): void {
  for (const orphan of findOrphans(rules, (file) => parseListName(file)?.name ?? null)) {
    const paths = listPathsOf(orphan.paths)
    try {
      pruneList(orphan, paths, run)
    } catch (error) {
      noteFailure(run.report, paths, asBtkitError(error, paths.list))
    }
  }
}

function listPathsOf({ source, sourcePath, torrent, torrentPath }: TorrentPaths): ListPaths {
  return { source, sourcePath, list: torrent, listPath: torrentPath }
}

/** Removes an orphaned list if it is unedited; with `force` in any case. */
function pruneList(orphan: Orphan, paths: ListPaths, { request, report }: CompleteRun): void {
  const { file, directory, record, isEmptied } = orphan
  const existing = readExistingList(paths.listPath)
  if (!existing) return
  const { removed, skipped } = report.checksumLists
  if (!isListOfOurs(existing, record) && !request.force) {
    skipped.push({ ...paths, reason: isEmptied ? 'source empty' : 'source gone' })
    return
  }
  if (!request.dryRun) {
    unlinkSync(paths.listPath)
    directory.targetDirectory.log.put(file, null)
  }
  removed.push(paths)
}
