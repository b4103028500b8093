import { readdirSync, statSync, type Dirent } from 'node:fs'
import { join, resolve } from 'node:path'
import { asBtkitError, BtkitError, valueOr } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { statIfThere } from '../../files/stat-files.js'
import { parseUnhashedTorrent } from '../read-torrent.js'

/** Maximum depth of directories. */
const MAX_DEPTH = 100

/** The torrents below a directory, and the directories that could not be listed. */
interface FoundTorrents {
  /** For each path, a text that identifies the state of the torrent. */
  readonly stamps: ReadonlyMap<string, string>
  /** Directories with errors; torrents below them may still exist. */
  readonly unread: ReadonlyMap<string, unknown>
}

/**
 * Finds the .torrent files in directories and below; a file counts by itself. Ignores hidden entries, pipes and the like,
 * and directories behind symbolic links.
 */
export function findTorrents(directories: readonly string[]): FoundTorrents {
  const stamps = new Map<string, string>()
  const unread = new Map<string, unknown>()
  const walk = (directory: string, depth: number): void => {
    for (const entry of list(directory, unread)) {
      const path = join(directory, entry.name)
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory() && depth < MAX_DEPTH) walk(path, depth + 1)
      else if (entry.name.endsWith('.torrent')) note(path, stamps)
    }
  }
  for (const place of directories) {
    if (statIfThere(place)?.isFile()) note(place, stamps)
    else walk(place, 0)
  }
  return { stamps, unread }
}

function list(directory: string, unread: Map<string, unknown>): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    unread.set(directory, asBtkitError(error, directory))
    return []
  }
}

function note(path: string, stamps: Map<string, string>): void {
  try {
    const stats = statSync(path, { bigint: true })
    // Opening a pipe would wait for a writer
    if (!stats.isFile()) return
    const { ino, size, mtimeNs, ctimeNs } = stats
    stamps.set(path, [ino, size, mtimeNs, ctimeNs].join(' '))
  } catch {
    // Removed between listing and examining
  }
}

/** The .torrent files that places name, and why others cannot be listed. */
interface TorrentsAt {
  readonly torrents: readonly string[]
  /** By path; directories without torrents are among them. */
  readonly failures: Map<string, unknown>
}

/**
 * Lists .torrent files, and those in directories and below, each once. Relative paths begin at
 * `cwd`.
 */
export function torrentsAt(places: readonly string[], cwd: string): TorrentsAt {
  const torrents = new Map<string, string>()
  const failures = new Map<string, unknown>()
  for (const place of places) {
    const path = resolve(cwd, place)
    if (!statIfThere(path)?.isDirectory()) {
      torrents.set(path, place)
      continue
    }
    const { stamps, unread } = findTorrents([place])
    for (const [directory, error] of unread) failures.set(directory, error)
    for (const found of [...stamps.keys()].sort()) torrents.set(resolve(cwd, found), found)
    if (stamps.size === 0 && unread.size === 0) {
      const why = 'contains no .torrent; name another directory'
      failures.set(place, new BtkitError('empty', `${place}: ${why}`))
    }
  }
  return { torrents: [...torrents.values()], failures }
}

/**
 * Whether any torrent below directories is a hybrid. Unreadable torrents are ignored.
 * @param maxSize of the largest torrent, in bytes
 */
export function hasHybrids(directories: readonly string[], maxSize: number): boolean {
  return [...findTorrents(directories).stamps.keys()].some((path) => isHybrid(path, maxSize))
}

function isHybrid(path: string, maxSize: number): boolean {
  return valueOr(false, () => {
    const bytes = readBoundedRegular(path, maxSize)
    return parseUnhashedTorrent(bytes, path, maxSize).version === 'hybrid'
  })
}
