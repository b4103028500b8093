import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTorrent } from '../../core/read-torrent.js'
import { findLocalData } from '../../core/publish/local-data.js'
import { osCodeOf, refuseAborted, valueOr } from '../../errors.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'

/** The most directories that are searched. */
const MOST_DIRECTORIES = 20_000

/**
 * Returns for each torrent, given by the path of its file, the directory that has its files under the
 * torrent's name: `top` or one below it, the nearest first. Compares sizes, reads no files, and
 * follows no links to directories. Torrents without such a directory are left out.
 * @throws BtkitError of the torrents as readTorrent, and `interrupted`
 */
export async function findContent(
  paths: readonly string[],
  top: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const wanted = new Map(paths.map((path) => [path, readTorrent(path, DEFAULT_MAX_SIZE)]))
  const found = new Map<string, string>()
  const searched = [top]
  for (const directory of searched) {
    refuseAborted(signal)
    const entries = await listIfReadable(directory)
    const names = new Set(entries.map(({ name }) => name))
    for (const [path, metainfo] of wanted) {
      if (!names.has(metainfo.name) || !isThere(() => findLocalData(metainfo, directory))) continue
      found.set(path, directory)
      wanted.delete(path)
    }
    if (wanted.size === 0) break
    const below = entries.filter((each) => each.isDirectory())
    const free = MOST_DIRECTORIES - searched.length
    searched.push(...below.slice(0, free).map(({ name }) => join(directory, name)))
  }
  return found
}

function isThere(look: () => unknown): boolean {
  return valueOr(false, () => {
    look()
    return true
  })
}

async function listIfReadable(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
    return []
  }
}
