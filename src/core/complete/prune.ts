import { lstatSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import type { TorrentRecord } from '../../state/torrents/record.js'
import { entryName, type SourceDirectory } from './directories.js'
import { hasEdits, isEmptyFile, readExisting, recognize } from './existing-torrent.js'
import { noteFailure, type TorrentPaths } from './report.js'
import type { CompleteRun } from './request.js'

/** What pruning goes by. */
export interface PruneRules {
  readonly directories: readonly SourceDirectory[]
  /** The real paths of the torrents whose entries lost all their bytes. */
  readonly emptied: ReadonlySet<string>
}

/** A torrent of ours that no entry of the request stands for. */
interface Orphan {
  /** Its file name. */
  readonly file: string
  readonly directory: SourceDirectory
  readonly record: TorrentRecord
  readonly paths: TorrentPaths
  /** Whether its entry is there, and lost all its bytes. */
  readonly isEmptied: boolean
}

/** Removes the torrents of all directories that are ours, unedited, and whose sources are gone. */
export function pruneAll(rules: PruneRules, run: CompleteRun): void {
  const seen = new Set<unknown>()
  for (const directory of rules.directories) {
    if (seen.has(directory.targetDirectory)) continue
    seen.add(directory.targetDirectory)
    for (const orphan of findOrphans(directory, rules)) {
      try {
        prune(orphan, run)
      } catch (error) {
        const { paths } = orphan
        noteFailure(run.report, paths, asBtkitError(error, paths.torrent))
      }
    }
  }
}

/** The torrents in a directory's target that are known as ours, and whose source is gone. */
function findOrphans(directory: SourceDirectory, rules: PruneRules): Orphan[] {
  const { targetDirectory } = directory
  const { files, log, realPath } = targetDirectory
  const here = rules.directories.filter((other) => other.targetDirectory === targetDirectory)
  const expected = new Set(here.flatMap(({ names }) => names))
  return files.flatMap((file) => {
    const name = entryName(file)
    const isExpected = name === null || expected.has(name)
    if (isExpected && !rules.emptied.has(join(realPath, file))) return []
    const record = log.get(file)
    if (!record) return []
    const paths = pathsOfOrphan(file, record, here)
    if (!paths || !isGone(paths, rules)) return []
    return [{ file, directory, record, paths, isEmptied: rules.emptied.has(paths.torrentPath) }]
  })
}

/** Null when the source lay in none of the directories of the request. */
function pathsOfOrphan(
  file: string,
  { source }: TorrentRecord,
  directories: readonly SourceDirectory[],
): TorrentPaths | null {
  const home = directories.find(({ realDirectory }) => realDirectory === dirname(source))
  if (!home) return null
  return {
    source: join(home.directory, basename(source)),
    sourcePath: source,
    torrent: join(home.target, file),
    torrentPath: join(home.targetDirectory.realPath, file),
  }
}

/** Entries that are left out, such as hidden ones, are there all the same. */
function isGone({ sourcePath, torrentPath }: TorrentPaths, { emptied }: PruneRules): boolean {
  return emptied.has(torrentPath) || lstatSync(sourcePath, { throwIfNoEntry: false }) === undefined
}

/** Removes an orphan that is as we wrote it, or with `force` any. */
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
  report.removed.push({ ...paths, infoHash: null, oldInfoHash: metainfo?.infoHash ?? null })
}
