import { unlinkSync, lstatSync } from 'node:fs'
import { asBtkitError } from '../../errors.js'
import { parseListName } from '../checksums/lists.js'
import { entryName, torrentName, type SourceDirectory } from './directories.js'
import { isListOfOurs } from './decide-lists.js'
import {
  hasEdits,
  isEmptyFile,
  readExisting,
  readExistingList,
  recognize,
} from './existing-torrent.js'
import { noteFailure, type TorrentPaths } from './complete-report.js'
import type { CompleteRun } from './request.js'
import { NumberedNames } from '../../text/numbered-names.js'
import { basename, dirname, join } from 'node:path'
import type { TorrentRecord } from '../../state/torrent-log.js'

/**
 * Removes the torrents and lists of btkit whose sources no longer exist, unless they were edited.
 * Reports torrents without a source that the state does not record.
 */
export function pruneAll(rules: PruneRules, run: CompleteRun): void {
  const { report, request } = run
  // The entries of a directory that cannot be read may be the sources
  if (rules.directories.length === request.directories.length)
    for (const torrent of findUnrecorded(rules.directories)) report.unrecorded.push(torrent)
  const entryOfList = (file: string) => {
    return entryName(file) === null ? (parseListName(file)?.name ?? null) : null
  }
  for (const orphan of findOrphans(rules, entryName)) attempt(pruneTorrent, orphan, run)
  for (const orphan of findOrphans(rules, entryOfList)) attempt(pruneList, orphan, run)
}

/** Returns the number of btkit's torrents whose sources no longer exist. */
export function countOrphans(directories: readonly SourceDirectory[]): number {
  return [...findOrphans({ directories, emptied: new Set() }, entryName)].length
}

type Prune = (orphan: Orphan, run: CompleteRun) => void

function attempt(prune: Prune, orphan: Orphan, run: CompleteRun): void {
  const { paths } = orphan
  try {
    prune(orphan, run)
  } catch (error) {
    noteFailure(run.report, paths, asBtkitError(error, paths.torrent))
  }
}

function pruneTorrent(orphan: Orphan, run: CompleteRun): void {
  const { paths, reason } = orphan
  const existing = readExisting(paths.torrentPath)
  const record = recordOf(orphan)
  if (!existing || !record) return
  const { metainfo } = existing
  const written = recognize(existing, record)
  const isEdited =
    !isEmptyFile(existing) && (!metainfo || !written || hasEdits(metainfo, written.keys ?? {}))
  if (!remove(orphan, isEdited, run)) run.report.skipped.push({ ...paths, reason })
  else {
    const { infoHash: oldInfoHash = null, infoHashV2: oldInfoHashV2 = null } = metainfo ?? {}
    const gone = { infoHash: null, infoHashV2: null, oldInfoHash, oldInfoHashV2 }
    run.report.removed.push({ ...paths, ...gone })
  }
}

function pruneList(orphan: Orphan, run: CompleteRun): void {
  const { source, sourcePath, torrent: list, torrentPath: listPath } = orphan.paths
  const existing = readExistingList(listPath)
  const record = recordOf(orphan)
  if (!existing || !record) return
  const paths = { source, sourcePath, list, listPath }
  const { removed, skipped } = run.report.checksumLists
  if (remove(orphan, !isListOfOurs(existing, record), run)) removed.push(paths)
  else skipped.push({ ...paths, reason: orphan.reason })
}

/** Removes an orphan, unless it was edited; with `force` in any case. Returns whether it did. */
function remove({ file, directory, paths }: Orphan, isEdited: boolean, run: CompleteRun): boolean {
  const { force, dryRun } = run.request
  if (isEdited && !force) return false
  if (!dryRun) {
    unlinkSync(paths.torrentPath)
    directory.targetDirectory.log.put(file, null)
  }
  return true
}

/** Inputs of pruning. */
interface PruneRules {
  readonly directories: readonly SourceDirectory[]
  /** The real paths of the torrents whose entries lost all their bytes. */
  readonly emptied: ReadonlySet<string>
}

/** A torrent or list of btkit in a target without an entry in the request. */
interface Orphan {
  /** Its file name. */
  readonly file: string
  readonly directory: SourceDirectory
  /** Paths of the source, and of the file as `torrent`. */
  readonly paths: TorrentPaths
  /** Whether its entry is gone, or exists but lost all its bytes. */
  readonly reason: 'source gone' | 'source empty'
}

/**
 * Finds btkit's files in all targets whose sources no longer exist. `entryOf` returns the entry for
 * a file name; null if there is none.
 */
function* findOrphans(
  rules: PruneRules,
  entryOf: (file: string) => string | null,
): Generator<Orphan> {
  for (const directory of firstOfTargets(rules.directories))
    yield* findOrphansIn(directory, rules, entryOf)
}

/**
 * Finds the torrents in separate targets that have neither an entry nor a record. Torrents
 * among the entries may be content.
 */
function* findUnrecorded(directories: readonly SourceDirectory[]): Generator<string> {
  for (const { target, targetDirectory } of firstOfTargets(directories)) {
    const { states, log, realPath } = targetDirectory
    const here = directories.filter((other) => other.targetDirectory === targetDirectory)
    if (here.some(({ realDirectory }) => realDirectory === realPath)) continue
    const sources = here.map((directory) => new NumberedNames(directory.states.names))
    for (const file of states.names) {
      const name = entryName(file)
      if (name === null || log.has(file)) continue
      if (sources.every((names) => names.numberOf(name) === undefined)) yield join(target, file)
    }
  }
}

/** Returns one directory for each target. */
function firstOfTargets(directories: readonly SourceDirectory[]): Iterable<SourceDirectory> {
  const firsts = new Map<unknown, SourceDirectory>()
  for (const directory of directories) {
    const { targetDirectory } = directory
    if (!firsts.has(targetDirectory)) firsts.set(targetDirectory, directory)
  }
  return firsts.values()
}

function findOrphansIn(
  directory: SourceDirectory,
  { directories, emptied }: PruneRules,
  entryOf: (file: string) => string | null,
): Orphan[] {
  const { targetDirectory } = directory
  const { states, log, realPath } = targetDirectory
  const here = directories.filter((other) => other.targetDirectory === targetDirectory)
  const expected = new NumberedNames(
    here.length === 1 ? directory.names : here.flatMap(({ names }) => names),
  )
  const found: Orphan[] = []
  for (const file of states.names) {
    const name = entryOf(file)
    if (name === null) continue
    const isEmptied = emptied.size > 0 && emptied.has(join(realPath, torrentName(name)))
    if (!isEmptied && expected.numberOf(name) !== undefined) continue
    const source = log.sourceOf(file)
    const paths = source === null ? null : pathsOfOrphan(file, source, here)
    if (!paths || !(isEmptied || isGone(paths.sourcePath))) continue
    const reason = isEmptied ? 'source empty' : 'source gone'
    found.push({ file, directory, paths, reason })
  }
  return found
}

/** Returns null if the source was in none of the request's directories. */
function pathsOfOrphan(
  file: string,
  source: string,
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

function recordOf({ file, directory }: Orphan): TorrentRecord | null {
  return directory.targetDirectory.log.get(file)
}

/** Whether a path no longer exists. Entries that are left out, such as hidden ones, still exist. */
function isGone(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined
}
