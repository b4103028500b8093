import { existsSync, unlinkSync, lstatSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { mapLimited } from '../../../base/concurrency.js'
import { asBtkitError, BtkitError, valueOr } from '../../../base/errors.js'
import { absenceOf, realPath } from '../../../disk/look/inside.js'
import { actPath, type Directory } from '../../../disk/write/directory.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { NumberedNames } from '../../../base/text/numbered-names.js'
import { parseListName } from '../../checksums/lists.js'
import { changeOf, listOf, noteFailure, noteOnce, type TorrentPaths } from '../report.js'
import {
  byTarget,
  entryName,
  isUnmounted,
  pathsOf,
  torrentName,
  type SourceDirectory,
} from '../target/directories.js'
import { isUnedited, readExisting } from '../decide/existing.js'
import type { CompleteRequest, CompleteRun } from '../request.js'
import { isAsRead, NOTHING } from '../target/own-file.js'
import type { TargetDirectory } from '../target/targets.js'

/** Number of files that are removed at the same time: what is planned shares a sync. */
const MOST_AT_ONCE = 512

/**
 * Removes the torrents and lists of btkit whose sources no longer exist, unless they were edited;
 * with `force` also those.
 * Reports torrents without a source that the state does not record. `emptied` has the real paths of
 * the torrents whose entries lost all their bytes, or the file beside them to which they are a
 * link.
 */
export async function pruneAll(
  directories: readonly SourceDirectory[],
  emptied: ReadonlySet<string>,
  run: CompleteRun,
): Promise<void> {
  const { report } = run
  for (const torrent of findUnrecorded(directories, run)) report.unrecorded.push(torrent)
  await mapLimited(findOrphans(directories, emptied), MOST_AT_ONCE, async (orphan) => {
    const { reason, directory } = orphan
    const list = reason === 'source gone' ? directory.remote?.doubtfulList : null
    if (list != null) {
      noteOnce(report, list, new BtkitError('not-found', `${list}: ${DOUBTFUL}`))
      return
    }
    try {
      await prune(orphan, run)
    } catch (error) {
      const { paths } = orphan
      noteFailure(report, paths, asBtkitError(error, paths.torrent))
    }
  })
}

const DOUBTFUL = 'names files that are not there, so no torrent is removed in this run'

async function prune({ file, target, paths, reason }: Orphan, run: CompleteRun): Promise<void> {
  const { removed, skipped, checksumLists: lists } = run.report
  const { force, dryRun } = run.request
  const isTorrent = entryName(file) !== null
  const place = { directory: target.directory, name: file }
  const existing = readExisting(place)
  const record = target.log.get(file)
  if (!existing || !record) return
  const list = listOf(paths)
  if (!force && !isUnedited(existing, record)) {
    if (isTorrent) skipped.push({ ...paths, reason })
    else lists.skipped.push({ ...list, reason })
    return
  }
  const change = changeOf(paths, null, existing.metainfo)
  await run.watch.planned?.(isTorrent ? 'removed' : 'list removed', isTorrent ? change : list)
  if (!dryRun) {
    // A kill may leave this record without its file
    target.log.put(file, { ...record, fingerprint: NOTHING })
    await target.log.flush()
    if (!isAsRead(place, existing))
      throw new BtkitError('changed', `${paths.torrent}: changed just now, so it stays`)
    unlinkSync(actPath(place))
    target.log.put(file, null)
  }
  if (isTorrent) removed.push(change)
  else lists.removed.push(list)
}

/**
 * Returns the number of btkit's torrents whose sources are gone, except those of unmounted disks.
 */
export function countOrphans(directories: readonly SourceDirectory[]): number {
  const mounted = directories.filter(({ states }) => !isUnmounted(states))
  return findOrphans(mounted, new Set()).filter(({ file }) => entryName(file) !== null).length
}

/** A torrent or list of btkit in a target without an entry in the request. */
interface Orphan {
  /** Its file name. */
  readonly file: string
  readonly target: TargetDirectory
  /** Where its source was. */
  readonly directory: SourceDirectory
  /** Paths of the source, and of the file as `torrent`. */
  readonly paths: TorrentPaths
  /**
   * Whether its entry is gone or a link to a file that is gone, or exists but lost all its bytes.
   */
  readonly reason: 'source gone' | 'source empty'
}

/** Finds btkit's files in all targets whose sources no longer exist. */
function findOrphans(
  directories: readonly SourceDirectory[],
  emptied: ReadonlySet<string>,
): Orphan[] {
  return [...byTarget(directories)].flatMap(([target, here]) => {
    const orphanOf = orphansIn([target, here], emptied)
    return target.states.names.map(orphanOf).filter((orphan) => orphan !== null)
  })
}

/** Returns a function that returns the orphan of a file name in a target; null if it is none. */
function orphansIn(
  [target, here]: readonly [TargetDirectory, readonly SourceDirectory[]],
  emptied: ReadonlySet<string>,
): (file: string) => Orphan | null {
  const expected = new NumberedNames(here.flatMap(({ names }) => names))
  return (file) => {
    const name = entryName(file) ?? parseListName(file)?.name ?? null
    if (name === null) return null
    const isEmptied = emptied.size > 0 && emptied.has(target.directory.of(torrentName(name)))
    if (!isEmptied && expected.numberOf(name) !== undefined) return null
    const source = target.log.sourceOf(file)
    if (source === null) return null
    const own = basename(source)
    const given = here.find(({ place }) => place + own === source)
    const isReplaced = () => given && isDirectoryNow(source, target.directory, torrentName(name))
    const isLost = given?.remote ? !given.remote.has(own) : isGone(source) || isReplaced()
    if (!isEmptied && !isLost) return null
    // Its directory may have had another name, or be none of the request's
    const real = valueOr(null, () => realPath(dirname(source)))
    const directory = given ?? here.find(({ realDirectory }) => realDirectory === real)
    if (!directory) return null
    const isThere = isEmptied && (given?.remote !== undefined || existsSync(source))
    const reason = isThere ? 'source empty' : 'source gone'
    return { file, target, directory, paths: pathsOf(own, directory, file), reason }
  }
}

/**
 * Returns a function that says whether a torrent of a target was pruned, also by a run that was
 * killed before its record was removed, or by hand. By hand, no torrent of a directory that may be
 * an unmounted disk counts.
 */
export function prunedIn(
  place: readonly [TargetDirectory, readonly SourceDirectory[]],
  emptied: ReadonlySet<string>,
  prune: CompleteRequest['prune'],
): (file: string) => boolean {
  const [{ log, states: found }, here] = place
  const orphanOf = orphansIn(place, emptied)
  const listed = new NumberedNames(found.names)
  const isMounted = !here.some(({ states }) => isUnmounted(states))
  const isCertain = prune === 'always' || (prune === 'careful' && isMounted)
  return (file) => {
    if (!log.has(file)) return true
    if (listed.numberOf(file) !== undefined) return false
    return log.get(file)?.fingerprint.length === 0 || (isCertain && orphanOf(file) !== null)
  }
}

/**
 * Finds the torrents in separate targets that have neither an entry nor a record. Torrents
 * among the entries may be content.
 */
function findUnrecorded(
  directories: readonly SourceDirectory[],
  { places }: CompleteRun,
): string[] {
  // The entries of a directory that cannot be read may be the sources
  const read = new Set(directories.map(({ directory }) => directory))
  const unread = places.filter(({ directory }) => !read.has(directory))
  const unsure = new Set(unread.map(({ target }) => target))
  return [...byTarget(directories)].flatMap(([{ states, log, directory: target }, here]) => {
    if (here.some(({ realDirectory }) => realDirectory === target.path)) return []
    if (here.some(({ target }) => unsure.has(target))) return []
    const sources = here.map((directory) => new NumberedNames(directory.states.names))
    const files = states.names.filter((file) => {
      const name = entryName(file)
      if (name === null || log.has(file)) return false
      return sources.every((names) => names.numberOf(name) === undefined)
    })
    return files.map((file) => `${here[0]?.prefixes.torrent}${file}`)
  })
}

/** Whether a path no longer exists. Entries that are left out, such as hidden ones, still exist. */
export function isGone(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined
  } catch (error) {
    return absenceOf(error) === 'missing'
  }
}

/** Whether a path leads to a directory, and has no torrent of one. */
function isDirectoryNow(path: string, directory: Directory, torrent: string): boolean {
  if (!statIfThere(path)?.isDirectory()) return false
  return (
    valueOr(true, () => readExisting({ directory, name: torrent })?.metainfo?.isDirectory) !== true
  )
}
