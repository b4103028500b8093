import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { holdsNothing, publishedNames } from '../../files/scan/entry.js'
import type { NameFilter } from '../../files/scan/name-filter.js'
import { realPath } from '../../files/real-path.js'
import type { CompleteRequest } from './request.js'
import type { EntryPaths, TorrentPaths } from './report.js'
import type { TargetDirectory } from './targets.js'

const SUFFIX = '.torrent'

/** A directory of sources with the directory of their torrents. */
export interface SourceDirectory {
  /** The directories as they were given. */
  readonly directory: string
  readonly target: string
  /** The real path of the directory of sources. */
  readonly realDirectory: string
  readonly targetDirectory: TargetDirectory
  /** The names of the entries that are to get torrents, sorted by bytes. */
  readonly names: readonly string[]
}

/** What opening a directory takes beside its path. */
export interface OpenRules {
  readonly request: CompleteRequest
  readonly filter: NameFilter | undefined
  /** Lists all names in a directory. */
  readonly list: (realPath: string) => readonly string[]
  /** A locked directory of torrents, by its real path. */
  readonly findTarget: (realPath: string) => TargetDirectory | undefined
}

/**
 * Looks at one of the directories of a request.
 * @throws BtkitError `not-found`, `not-permitted`, or `empty` for one that is to be pruned but looks
 * like a disk that is not mounted
 */
export function openSourceDirectory(directory: string, rules: OpenRules): SourceDirectory {
  const { request, filter } = rules
  const realDirectory = realPath(directory)
  if (realDirectory === null && request.prune !== 'always') throw notFound(directory)
  const found = realDirectory === null ? [] : rules.list(realDirectory)
  if (holdsNothing(found) && request.prune === 'careful') {
    throw new BtkitError(
      'empty',
      `${directory}: is empty, perhaps not mounted, so nothing is pruned`,
    )
  }
  const target = request.target ?? directory
  const targetDirectory = rules.findTarget(realPath(target) ?? '')
  if (targetDirectory === undefined) throw notFound(target)
  const opened = { directory, target, realDirectory: realDirectory ?? resolve(directory) }
  const names = publishedNames(found, request.common.scan.all)
    .filter((name) => !name.endsWith(SUFFIX))
    .filter((name) => !filter || isWanted(name, opened.realDirectory, filter))
  return { ...opened, targetDirectory, names }
}

/** Directories stay unless they are excluded: something in them may be included. */
function isWanted(name: string, directory: string, filter: NameFilter): boolean {
  if (filter.excludes(name)) return false
  const isDirectory = statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory()
  return isDirectory ? !filter.excludes(`${name}/`) : filter.includes(name)
}

function notFound(path: string): BtkitError {
  return new BtkitError('not-found', `${path}: no such file or directory`)
}

/** The file name of the torrent of an entry. */
export function torrentName(name: string): string {
  return `${name}${SUFFIX}`
}

/** The entry that a torrent's file name stands for, or null when it is no torrent's. */
export function entryName(fileName: string): string | null {
  return fileName.endsWith(SUFFIX) ? fileName.slice(0, -SUFFIX.length) : null
}

/** The paths of an entry and of its torrent. */
export function pathsOf(name: string, directory: SourceDirectory): TorrentPaths {
  const file = torrentName(name)
  return {
    source: join(directory.directory, name),
    sourcePath: join(directory.realDirectory, name),
    torrent: join(directory.target, file),
    torrentPath: join(directory.targetDirectory.realPath, file),
  }
}

/** The paths of a directory that was given. */
export function pathsOfDirectory(directory: string): EntryPaths {
  return { source: directory, sourcePath: resolve(directory) }
}

/**
 * Makes sure that no two entries would write the same torrent.
 * @throws BtkitError `usage`
 */
export function checkDistinctTorrents(directories: readonly SourceDirectory[]): void {
  // The names in one directory all differ
  if (directories.length < 2) return
  const sources = new Map<string, string>()
  for (const directory of directories) {
    for (const name of directory.names) {
      const { torrentPath, source } = pathsOf(name, directory)
      const other = sources.get(torrentPath)
      if (other !== undefined) {
        throw new BtkitError(
          'usage',
          `${other} and ${source} would both be written to ${torrentPath}`,
        )
      }
      sources.set(torrentPath, source)
    }
  }
}
