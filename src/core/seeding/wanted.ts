import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { reachableDirectories } from '../../files/reachable.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { inShell } from '../../text/escape.js'
import { findTorrents } from '../find-torrents.js'
import { loadTorrent } from '../read-torrent.js'
import type { TorrentSource, WantedTorrents } from './reconcile.js'
import { DataFinder, type DataRules, type SeenData, type WholeTorrent } from './whole-data.js'

/** Torrents to seed, and where their data is. */
export interface PlacesOptions extends DataRules {
  /** Torrents, and directories of torrents at any depth; absolute paths. */
  readonly places: readonly string[]
  /** Size of the largest torrent in bytes. */
  readonly maxTorrentSize: number
  /**
   * Whether places without torrents are reported: `beside` if data beside a torrent counts, so that
   * the torrent of a place itself is of use.
   */
  readonly reportsNone: 'beside' | 'yes' | 'no'
}

/** Stands for all directories among the problems. */
const HANGING = ''

/** The torrents in directories and below. */
export class TorrentPlaces implements TorrentSource<WholeTorrent> {
  readonly #finder: DataFinder

  constructor(
    private readonly options: PlacesOptions,
    private readonly reachable = reachableDirectories([...options.places, ...options.search]),
  ) {
    this.#finder = new DataFinder(options)
  }

  async look(): Promise<WantedTorrents> {
    const { places, reportsNone } = this.options
    this.#finder.begin()
    try {
      await this.reachable()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      return { stamps: null, isGone: () => false, problems: new Map([[HANGING, error]]) }
    }
    const { stamps, unread } = await findTorrents(places)
    const problems = new Map<string, Error>([...unread, ...this.#finder.problems])
    if (stamps.size + unread.size === 0 && reportsNone !== 'no') {
      const why = await noneThere(places, reportsNone === 'beside')
      const named = places.join(', ')
      problems.set(named, new BtkitError('empty', `${named}: ${why}`))
    }
    const hidden = [...unread.keys()]
    const isHidden = (path: string) => {
      return hidden.some((place) => path === place || path.startsWith(join(place, '/')))
    }
    return { stamps, isGone: (path) => !stamps.has(path) && !isHidden(path), problems }
  }

  read(torrent: string): Promise<Metainfo> {
    return loadTorrent(torrent, this.options.maxTorrentSize)
  }

  find(metainfo: Metainfo, torrent: string, seen: SeenData): Promise<WholeTorrent> {
    return this.#finder.find(metainfo, torrent, seen)
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
