import { join, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { listNames } from '../../files/scan/entry.js'
import { realPath } from '../../files/real-path.js'
import type { CompleteRequest } from './request.js'

const SUFFIX = '.torrent'

/** A directory of sources with the place of their torrents. */
export interface SourceDirectory {
  /** The directories as they were given. */
  readonly directory: string
  readonly target: string
  /** Their real paths. */
  readonly realDirectory: string
  readonly realTarget: string
  /** The names of the entries that are to get torrents, sorted by bytes. */
  readonly names: readonly string[]
}

/**
 * Looks at one of the directories of a request.
 * @throws BtkitError `not-found`, `not-permitted`, or `empty` for one that is to be pruned but looks
 * like a disk that is not mounted
 */
export function openSourceDirectory(directory: string, request: CompleteRequest): SourceDirectory {
  const { prune, target, common } = request
  const realDirectory = realPath(directory)
  if (realDirectory === null && prune !== 'always') {
    throw new BtkitError('not-found', `${directory}: no such file or directory`)
  }
  const { names, isEmpty } =
    realDirectory === null ? NOTHING : listNames(realDirectory, common.scan.all)
  if (isEmpty && prune === 'careful') {
    throw new BtkitError(
      'empty',
      `${directory}: is empty, perhaps not mounted, so nothing is pruned`,
    )
  }
  const place = target ?? directory
  const realTarget = realPath(place)
  if (realTarget === null) throw new BtkitError('not-found', `${place}: no such file or directory`)
  return {
    directory,
    target: place,
    realDirectory: realDirectory ?? resolve(directory),
    realTarget,
    names: names.filter((name) => !name.endsWith(SUFFIX)),
  }
}

const NOTHING = { names: [], isEmpty: true }

/** Where the torrent of an entry goes, in a target directory. */
export function torrentPath(target: string, name: string): string {
  return join(target, torrentName(name))
}

/** The file name of the torrent of an entry. */
export function torrentName(name: string): string {
  return `${name}${SUFFIX}`
}

/** The entry that a torrent's file name stands for, or null when it is no torrent's. */
export function entryName(fileName: string): string | null {
  return fileName.endsWith(SUFFIX) ? fileName.slice(0, -SUFFIX.length) : null
}

/**
 * Makes sure that no two entries would write the same torrent.
 * @throws BtkitError `usage`
 */
export function checkDistinctTorrents(places: readonly SourceDirectory[]): void {
  // The names in one directory all differ
  if (places.length < 2) return
  const sources = new Map<string, string>()
  for (const { directory, realTarget, names } of places) {
    for (const name of names) {
      const torrent = torrentPath(realTarget, name)
      const source = join(directory, name)
      const other = sources.get(torrent)
      if (other !== undefined) {
        throw new BtkitError('usage', `${other} and ${source} would both be written to ${torrent}`)
      }
      sources.set(torrent, source)
    }
  }
}
