import { findData as find, indexFiles, linkData, type FoundDatum } from '../core/find/find-data.js'
import { requireArray, requirePaths } from './check-options.js'
import { labelOf, readInput, type TorrentInput } from './read.js'
import { hashContextOf, startTask, type Task, type WorkOptions } from './task.js'

/** Options for finding the data of torrents. */
export interface FindOptions extends Omit<WorkOptions, 'cache'> {
  /**
   * Directory in which each file that is found gets a hard link with its name in the torrent
   * (default: none).
   */
  readonly link?: string | undefined
  /** Maximum bytes of a .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/** The data of a torrent, as far as it was found. */
export interface FoundData {
  /** Whether all files were found. */
  readonly ok: boolean
  /** All files of the torrent except pad files, in its order. */
  readonly files: readonly FoundDatum[]
}

/**
 * Finds the data of torrents below directories, by size and pieces, also under other names. The
 * directories are listed once. The results are in the order of the torrents.
 * @throws BtkitError `not-found` for a directory, `unsafe-path`, `exists` for another file in the
 *   place of a link, those of readTorrent, and `interrupted`
 */
export function findData(
  torrents: readonly TorrentInput[],
  directories: readonly string[],
  options: FindOptions = {},
): Task<FoundData[]> {
  return startTask(options, async (signal, tell) => {
    requireArray(torrents, 'torrents')
    requirePaths(directories, 'directories')
    const index = await indexFiles(directories)
    let bytesTotal = 0
    const context = hashContextOf(options, { signal, tell, bytesTotal: () => bytesTotal })
    const results: FoundData[] = []
    const links: (() => Promise<void>)[] = []
    for (const torrent of torrents) {
      const metainfo = readInput(torrent, options)
      bytesTotal = metainfo.size
      const files = await find({ metainfo, torrent: labelOf(torrent, metainfo), index }, context)
      const { name, isDirectory } = metainfo
      const { link } = options
      if (link !== undefined) links.push(() => linkData({ name, isDirectory }, files, link))
      const ok = files.every(({ status }) => status === 'found' || status === 'empty')
      results.push({ ok, files })
    }
    for (const make of links) await make()
    return results
  })
}
