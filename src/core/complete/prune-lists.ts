import { unlinkSync } from 'node:fs'
import { asBtkitError } from '../../errors.js'
import { parseListName } from '../checksums/lists.js'
import { isListOfOurs, readExistingList } from './existing-list.js'
import { findOrphans, type Orphan, type PruneRules } from './orphans.js'
import { noteFailure, type ListPaths, type TorrentPaths } from './report.js'
import type { CompleteRun } from './request.js'

/** Removes the lists of checksums that are ours, unedited, and whose sources are gone. */
export function pruneLists(rules: PruneRules, run: CompleteRun): void {
  for (const orphan of findOrphans(rules, (file) => parseListName(file)?.name ?? null)) {
    const paths = listPathsOf(orphan.paths)
    try {
      prune(orphan, paths, run)
    } catch (error) {
      noteFailure(run.report, paths, asBtkitError(error, paths.list))
    }
  }
}

function listPathsOf({ source, sourcePath, torrent, torrentPath }: TorrentPaths): ListPaths {
  return { source, sourcePath, list: torrent, listPath: torrentPath }
}

/** Removes an orphan that is as we wrote it, or with `force` any. */
function prune(orphan: Orphan, paths: ListPaths, { request, report }: CompleteRun): void {
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
