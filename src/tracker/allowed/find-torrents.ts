import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'

/** The deepest level of directories that is searched. */
const MAX_DEPTH = 32

/** The torrents in a directory tree. */
export interface TorrentTree {
  /** The names of .torrent entries, by the path of their directory. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** Directories that could not be read; their content is unknown. */
  readonly unreadable: ReadonlyMap<string, BtkitError>
}

/**
 * Finds .torrent files in a directory and below it. Hidden entries and links to directories are
 * skipped.
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
      // A directory below the root may be removed during the search; that is no error
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
