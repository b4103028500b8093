import type { TorrentLog } from '../../../disk/state/torrent-log.js'
import type { ChecksumName } from '../../checksums/list.js'
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { BtkitError, usageError } from '../../../base/errors.js'
import { NumberedNames } from '../../../base/text/numbered-names.js'
import { printableName } from '../../../disk/look/read-names.js'
import { isTemporaryName } from '../../../disk/write/temporary-files.js'
import { skipReasonOf } from '../../../disk/scan/entry.js'
import { unfinishedAmong } from '../../../disk/scan/unfinished.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import { parseListName } from '../../checksums/lists.js'
import type { CompleteReport, TorrentPaths } from '../report.js'
import type { CompleteRequest, SourcePlace } from '../request.js'
import type { TargetDirectories, TargetDirectory } from './targets.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { isSamePlace, NO_FILES, type FileListing } from '../../../disk/look/stat-files.js'

const SUFFIX = '.torrent'

/** A directory of sources and the directory of their torrents. */
export interface SourceDirectory extends SourcePlace {
  /**
   * The beginning of the paths of its entries in records. It is not the real path: a link may be
   * switched to another directory, and the entries that this lacks are gone then.
   */
  readonly place: string
  /** The real path of the directory of sources. */
  readonly realDirectory: string
  /** Whether a link leads to it. */
  readonly isLink: boolean
  readonly targetDirectory: TargetDirectory
  /** The beginnings of paths, before the names of an entry and its torrent. */
  readonly prefixes: TorrentPaths
  /** The names of the entries to make torrents for, sorted by bytes. */
  readonly names: readonly string[]
  /** The state of all files in it when the run began. */
  readonly states: FileListing
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string
  readonly directory: SourceDirectory
}

/**
 * Examines one of the directories of a request. Entries that patterns leave out, and hidden ones,
 * are reported.
 * @throws BtkitError `not-found`, `not-permitted`, or `empty` for a directory that looks like
 *   an unmounted disk and whose torrents are to be pruned
 */
export async function openSourceDirectory(
  given: SourcePlace,
  targets: TargetDirectories,
  filter: NameFilter | undefined,
  report: CompleteReport,
): Promise<SourceDirectory> {
  const { request } = targets
  const { directory, target, branch, remote } = given
  const isGone = branch?.names === null
  const found = remote ? remote.place : isGone ? null : targets.realPath(directory)
  if (found === null && !isGone && request.prune !== 'always') throw notFound(directory)
  const realDirectory = found ?? resolve(directory)
  const states = remote?.states ?? (found === null ? NO_FILES : await targets.list(found))
  const targetDirectory = await targets.opened.get(targets.placeOf(target) ?? '')
  if (targetDirectory === undefined) throw notFound(target)
  const hasTorrents = targetDirectory.states.names.some((name) => name.endsWith(SUFFIX))
  if (hasTorrents && request.prune === 'careful' && isUnmounted(states)) throw noDisk(directory)
  const names: string[] = []
  const prefixes = {
    source: remote?.prefix ?? prefixOf(directory),
    sourcePath: remote?.prefix ?? prefixOf(realDirectory),
    torrent: prefixOf(target),
    torrentPath: prefixOf(targetDirectory.directory.path),
  }
  const place = remote?.place ?? prefixOf(resolve(directory))
  const isLink = !remote && resolve(directory) !== realDirectory
  const facts = { place, realDirectory, isLink, targetDirectory, prefixes, names, states }
  const opened = { ...given, ...facts }
  const log = (await targets.opened.get(realDirectory))?.log
  const isEntry = entriesAmong(states.names, { log, realDirectory, request })
  const wanted = request.entries && new Set(request.entries)
  const { scan } = request.common
  const isUnfinished = scan.all ? () => false : unfinishedAmong(states.names)
  for (const name of branch ? (branch.names ?? []) : states.names) {
    if (wanted?.has(name) === false || !isEntry(name)) continue
    if (branch) {
      names.push(name)
      continue
    }
    // A list names hidden files on purpose
    const why = remote ? undefined : skipReasonOf(name, scan)
    const patterns = remote
      ? remote.whyLeftOut(name)
      : filter
        ? whyLeftOut(name, realDirectory, filter)
        : null
    const reason = why ?? patterns ?? (isUnfinished(name) ? 'unfinished' : null)
    if (reason === null) names.push(name)
    // Of chosen entries none is missing, and nobody misses what a system or btkit makes
    else if (why === undefined || (why === 'hidden' && !request.entries))
      report.skipped.push({ ...pathsOf(printableName(realDirectory, name), opened), reason })
  }
  return opened
}

/**
 * Returns a function that says whether a name in a directory may be an entry, and is no file that
 * completedir makes. `log` has the records of the torrents in it.
 */
export function entriesAmong(
  names: readonly string[],
  place: {
    readonly log: TorrentLog | undefined
    readonly realDirectory: string
    readonly request: Pick<CompleteRequest, 'feed' | 'checksums'>
  },
): (name: string) => boolean {
  const { log, realDirectory, request } = place
  let all: Set<string> | undefined
  const makers = () => ({ log, names: (all ??= new Set(names)) })
  const feed = request.feed?.realPath ?? ''
  const ownName = dirname(feed) === realDirectory ? basename(feed) : null
  return (name) =>
    !name.endsWith(SUFFIX) && name !== ownName && !isMade(name, makers, request.checksums)
}

/** The entries of which a run makes files in a target, and the records of its earlier files. */
export interface Makers {
  readonly names: ReadonlySet<string>
  readonly log: TorrentLog | undefined
}

/**
 * Whether a file in a target is a torrent or list that this run or an earlier one makes. `makers`
 * is only called for the name of one.
 */
export function isMade(
  file: string,
  makers: () => Makers,
  checksums: readonly ChecksumName[],
): boolean {
  const list = parseListName(file)
  const torrentOf = entryName(file)
  if (list === null && torrentOf === null) return false
  const entry = torrentOf ?? (list && checksums.includes(list.checksum) ? list.name : null)
  const { names, log } = makers()
  return (entry !== null && names.has(entry)) || log?.has(file) === true
}

/**
 * Returns why an entry is left out. A directory is left out only if it is excluded, because entries
 * in it may be included.
 */
function whyLeftOut(name: string, directory: string, filter: NameFilter) {
  if (filter.excludes(name)) return 'excluded'
  const isDirectory = statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory()
  if (isDirectory) return filter.excludes(`${name}/`) ? 'excluded' : null
  return filter.includes(name) ? null : 'not included'
}

/** Whether each torrent and list that may be btkit's in a target is of one of these entries. */
export function hasOnlyOwn(
  names: readonly string[],
  { states, log }: Pick<TargetDirectory, 'states' | 'log'>,
): boolean {
  const expected = new NumberedNames(names)
  return states.names.every((file) => {
    if (isTemporaryName(file)) return false
    const torrentOf = entryName(file)
    const name = torrentOf ?? parseListName(file)?.name
    if (name === undefined || expected.numberOf(name) !== undefined) return true
    return torrentOf === null && !log.has(file)
  })
}

/**
 * Whether a directory looks like an unmounted disk. One that is known to be gone has no listing.
 */
export function isUnmounted(listing: Pick<FileListing, 'names'>): boolean {
  return listing !== NO_FILES && listing.names.every((name) => name.startsWith('.'))
}

/** The error for such a directory, or a link to one or to nothing, if torrents are to be pruned. */
export function noDisk(path: string): BtkitError {
  const why = 'its disk is perhaps not mounted, so no torrent below it is removed'
  return new BtkitError('empty', `${path}: nothing is there, and ${why}`)
}

function notFound(path: string): BtkitError {
  return new BtkitError('not-found', `${path}: no such file or directory`)
}

/** Returns the file name of an entry's torrent. */
export function torrentName(name: string): string {
  return `${name}${SUFFIX}`
}

/** Returns the entry of a torrent's file name; null if it is not the name of a torrent. */
export function entryName(fileName: string): string | null {
  return fileName.endsWith(SUFFIX) ? fileName.slice(0, -SUFFIX.length) : null
}

/** Returns the directories of each target. */
export function byTarget(
  directories: readonly SourceDirectory[],
): Map<TargetDirectory, SourceDirectory[]> {
  const found = new Map<TargetDirectory, SourceDirectory[]>()
  for (const directory of directories) {
    const here = found.get(directory.targetDirectory)
    if (here) here.push(directory)
    else found.set(directory.targetDirectory, [directory])
  }
  return found
}

/**
 * Returns the paths of an entry and of its torrent, or of another file that is made of it. They
 * share memory with those of other entries.
 */
export function pathsOf(
  name: string,
  { prefixes }: Pick<SourceDirectory, 'prefixes'>,
  file = torrentName(name),
): TorrentPaths {
  const [source, torrent] = [prefixes.source + name, prefixes.torrent + file]
  const { sourcePath, torrentPath } = prefixes
  return {
    source,
    sourcePath: sourcePath === prefixes.source ? source : sourcePath + name,
    torrent,
    torrentPath: torrentPath === prefixes.torrent ? torrent : torrentPath + file,
  }
}

/** Returns the beginning of the paths in a directory. */
export function prefixOf(directory: string): string {
  return join(directory, 'name').slice(0, -'name'.length)
}

/**
 * Checks that no directory is given twice, even under two names, and that no two entries would
 * write the same torrent.
 * @throws BtkitError `usage`
 */
export function checkDistinct(directories: readonly SourceDirectory[]): void {
  const seen = new Map<string, string>()
  for (const { directory, realDirectory } of directories) {
    const other = seen.get(realDirectory)
    if (other === directory) throw usageError(`${directory}: is given twice`)
    if (other !== undefined) throw usageError(`${other} and ${directory}: are the same directory`)
    seen.set(realDirectory, directory)
  }
  // Names in one directory are distinct
  const claimed = new Map<string, string>()
  for (const directory of directories.length > 1 ? directories : []) {
    for (const name of directory.names)
      claimTorrent(claimed, pathsOf(name, directory), '; give the directory above with --recursive')
  }
}

/**
 * Enters the source of a torrent into those of a run. The error ends with `advice`.
 * @throws BtkitError `usage` if another source would be written to the same torrent
 */
export function claimTorrent(
  sources: Map<string, string>,
  { torrent, torrentPath, source }: TorrentPaths,
  advice = '',
): void {
  const other = sources.get(torrentPath)
  if (other !== undefined)
    throw usageError(`${other} and ${source} would both be written to ${torrent}${advice}`)
  sources.set(torrentPath, source)
}

/**
 * Checks that a changed entry would not replace the torrent that an earlier run made of another
 * entry, which is still there.
 * @throws BtkitError `usage`
 */
export function checkOtherEntry({ name, directory }: DirectoryEntry): void {
  const { log, directory: target } = directory.targetDirectory
  // Beside the entries, each name is there once; a link may be switched to other entries
  if (directory.isLink || target.path === directory.realDirectory) return
  const other = log.sourceOf(torrentName(name))
  const own = directory.place + name
  if (other === null || other === own || isSamePlace(other, own)) return
  // A file that a list named is taken to be there
  if (!looksLikeUrl(other) && !existsSync(other)) return
  if (!existsSync(target.at(torrentName(name)))) return
  const { torrent } = pathsOf(name, directory)
  const ways = 'use another --output, or --force to replace it'
  throw usageError(`${torrent}: is the torrent of ${other}; ${ways}`)
}
