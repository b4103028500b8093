import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import { reachableDirectories } from '../../disk/look/reachable.js'
import { inShell } from '../../base/text/escape.js'
import { findTorrents } from '../find-torrents.js'
import { loadTorrents } from '../read-torrent.js'
import type { TorrentSource, WantedTorrents } from './reconcile.js'
import { DataFinder, type DataRules, type WholeTorrent } from './whole-data.js'

/** Torrents to seed, and where their data is. */
export interface PlacesOptions extends DataRules {
  /** Torrents, and directories of torrents at any depth; absolute paths. */
  readonly places: readonly string[]
  /** Whether data beside a torrent counts, so that the torrent of a place itself is of use. */
  readonly isBeside: boolean
}

/** Stands for all directories among the problems. */
const HANGING = ''

/** Returns a source of the torrents in directories and below. */
export function torrentPlaces(
  options: PlacesOptions,
  reachable = reachableDirectories([...options.places, ...options.search]),
): TorrentSource<WholeTorrent> {
  const { places, isBeside } = options
  const finder = new DataFinder(options)
  const look = async (): Promise<WantedTorrents> => {
    finder.begin()
    try {
      await reachable()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      return { stamps: null, isGone: () => false, problems: new Map([[HANGING, error]]) }
    }
    const { stamps, unread } = await findTorrents(places)
    const problems = new Map<string, Error>([...unread, ...finder.problems])
    if (stamps.size + unread.size === 0) {
      const why = await noneThere(places, isBeside)
      const named = places.join(', ')
      problems.set(named, new BtkitError('empty', `${named}: ${why}`))
    }
    const hidden = [...unread.keys()]
    const isHidden = (path: string) => {
      return hidden.some((place) => path === place || path.startsWith(join(place, '/')))
    }
    return { stamps, isGone: (path) => !stamps.has(path) && !isHidden(path), problems }
  }
  return {
    look,
    read: loadTorrents,
    find: (...sought) => finder.find(...sought),
  }
}

/** Why directories have nothing to seed. The torrent of a directory itself is made beside it. */
async function noneThere(places: readonly string[], isBeside: boolean): Promise<string> {
  const [place = '', ...others] = places
  const torrent = `${place}.torrent`
  const [made, its] = [`btkit create ${inShell(place)}`, `btkit seed --dht ${inShell(torrent)}`]
  const why = 'no .torrent files there'
  if (!isBeside) return `${why}; one that comes is seeded then`
  const isThere = (await stat(torrent).catch(() => null))?.isFile() === true
  if (isThere && others.length === 0) return `${why}; to seed the torrent beside it: ${its}`
  return `${why}; one that comes is seeded then; to seed the directory itself: ${made}, then ${its}`
}
