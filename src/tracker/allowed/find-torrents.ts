import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'

/** How deep directories are looked through. */
const MAX_DEPTH = 32

/** What is in a tree of torrents. */
export interface TorrentTree {
  /** The names of what may be torrents, by the directory that they are in. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** Directories that could not be read; what was in them is not known. */
  readonly unreadable: ReadonlyMap<string, BtkitError>
}

/**
 * Looks for .torrent files in a directory and in those below it. Hidden entries are left out, and
 * links to directories are not followed.
 */
export async function findTorrents(root: string): Promise<TorrentTree> {
  const names = new Map<string, string[]>()
  const unreadable = new Map<string, BtkitError>()
  const waiting = [{ directory: root, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { directory, depth } = next
    try {
      const entries = await readdir(directory, { withFileTypes: true })
      const seen = entries.filter(({ name }) => !name.startsWith('.'))
      const torrents = seen.filter((entry) => !entry.isDirectory() && isTorrent(entry.name))
      names.set(directory, torrents.map(({ name }) => name).sort())
      if (depth === MAX_DEPTH) continue
      for (const entry of seen.filter((each) => each.isDirectory())) {
        waiting.push({ directory: join(directory, entry.name), depth: depth + 1 })
      }
    } catch (error) {
      // One below the root that has just been removed is no fault
      const isGone = directory !== root && osCodeOf(error) === 'ENOENT'
      if (!isGone) unreadable.set(directory, systemError(error, directory))
    }
  }
  return { names, unreadable }
}

function systemError(error: unknown, directory: string): BtkitError {
  const told = asBtkitError(error, directory)
  if (told instanceof BtkitError) return told
  throw told
}

function isTorrent(name: string): boolean {
  return name.endsWith('.torrent')
}
