import { LRUCache } from 'lru-cache'
import { contentOfTree, type Content } from '../../core/digests/content.js'
import { sortFiles } from '../../core/digests/sort-files.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { formatBytes } from '../../text/quantity.js'
import type { Budget } from '../admission/budget.js'
import { findBelow } from '../tree/find-below.js'
import type { FoundFiles } from '../tree/find-files.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import type { ServiceOptions } from '../options.js'
import { refuseManyPieces } from '../pkgtorrent/set-content.js'
import { notFound, Refusal } from '../../server/answers/refusal.js'
import type { CurrentTorrent, OnDemand, PlannedTorrent } from '../torrents/on-demand.js'
import type { Requester } from '../requests/requester.js'
import type { ServerContext } from '../../server/context.js'

export interface DirectoryTorrentsParts extends Pick<ServerContext, 'monotonic'> {
  readonly options: Pick<ServiceOptions, 'mirror' | 'limits' | 'pieceLength' | 'serviceName'>
  readonly onDemand: OnDemand
  /** Receives paths that cannot be read. */
  readonly tellOmitted: (path: string) => void
}

/** Estimated work of searching a directory; see Planning. */
const EFFORT = 1000

/** Milliseconds for which a directory that is too large is refused without another search. */
const REFUSED_FOR = 10_000

interface TooLarge {
  readonly refusal: Refusal
  readonly since: number
}

/**
 * Torrents of directories. Each has the name of its directory, and its files have the paths of
 * their addresses below it, so that clients find them there.
 */
export class DirectoryTorrents {
  readonly #tooLarge = new LRUCache<string, TooLarge>({ max: 1000 })

  constructor(private readonly parts: DirectoryTorrentsParts) {}

  /**
   * Obtains a directory's torrent.
   * @throws Refusal; BtkitError if its files cannot be read
   */
  obtain(
    directory: readonly string[],
    version: MetainfoVersion,
    requester: Requester,
  ): Promise<CurrentTorrent> {
    const path = formatKey(directory)
    const before = this.#tooLarge.get(path)
    const { onDemand, monotonic } = this.parts
    if (before && monotonic() - before.since < REFUSED_FOR) throw before.refusal
    const plan = async (budget: Budget) => {
      try {
        return await this.#plan(directory, version, budget)
      } catch (error) {
        const isTooLarge = error instanceof Refusal && error.code === 'too-many'
        if (isTooLarge) this.#tooLarge.set(path, { refusal: error, since: monotonic() })
        throw error
      }
    }
    const key = `${version} directory ${path}`
    return onDemand.obtain({ key, effort: EFFORT, plan }, requester)
  }

  async #plan(
    directory: readonly string[],
    version: MetainfoVersion,
    budget: Budget,
  ): Promise<PlannedTorrent> {
    const found = await this.#find(directory, budget)
    const content = this.#contentOf(directory, version, found)
    refuseManyPieces(content)
    for (const path of found.omitted) this.parts.tellOmitted(path)
    const options = { private: false, sourceTag: null }
    return { content, options, directory: directory.slice(0, -1), omitted: found.omitted }
  }

  async #find(directory: readonly string[], budget: Budget): Promise<FoundFiles> {
    const { mirror, serviceName, limits } = this.parts.options
    const where = formatMirrorPath(directory)
    if (directory.length === 0) {
      const why = 'the root has no name for a torrent; ask for a directory in it'
      throw new Refusal('incompatible', why)
    }
    // Below its own prefix the service answers itself, so clients would get no file
    const isLeftOut = (path: readonly string[]) => path[1] === serviceName
    if (isLeftOut(directory)) throw notFound(where)
    const below = { maxFiles: limits.maxFiles, budget, isLeftOut }
    const found = await findBelow(directory, mirror, below)
    const size = found.files.reduce((sum, file) => sum + file.fingerprint.size, 0)
    if (size <= limits.maxSize) return found
    const most = formatBytes(limits.maxSize)
    throw new Refusal(
      'too-many',
      `${where}: its files have more than ${most}; ask for a smaller directory`,
    )
  }

  /** The files by their paths below the directory, cut into pieces for their size. */
  #contentOf(
    directory: readonly string[],
    version: MetainfoVersion,
    { files }: FoundFiles,
  ): Content {
    const below = files.map((file) => ({ ...file, path: file.path.slice(directory.length) }))
    const sorted = sortFiles(below, { by: 'path', isDescending: false })
    const name = directory.at(-1) ?? ''
    const tree = { root: name, isDirectory: true, files: sorted, skipped: [] }
    return contentOfTree(tree, { version, name, pieceLength: this.parts.options.pieceLength })
  }
}

/** Joined by slashes, which no name can contain. */
function formatKey(directory: readonly string[]): string {
  return `/${directory.join('/')}`
}
