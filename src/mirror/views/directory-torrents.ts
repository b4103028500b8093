import { LRUCache } from 'lru-cache'
import { type Content, contentOfTree } from '../../core/digests/content.js'
import { sortFiles } from '../../core/digests/sort-files.js'
import { skipReasonOf } from '../../files/scan/entry.js'
import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { isPlainName } from '../../metainfo/name.js'
import { IsDirectory, notFound, Refusal } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { formatBytes } from '../../text/quantity.js'
import type { Budget } from '../admission/budget.js'
import type { ServiceOptions } from '../options.js'
import { refuseManyPieces } from '../pkgtorrent/set.js'
import type { Requester } from '../requests/requester.js'
import type { CurrentTorrent, OnDemand, PlannedTorrent } from '../torrents/on-demand.js'
import { FILE_COST, type FoundFiles } from '../tree/find-files.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import {
  type DirectoryEntry,
  mapConcurrently,
  type Mirror,
  MirrorView,
  readInChunks,
  toRefusal,
} from '../tree/mirror.js'

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

/** Limits on the search in one directory. */
export interface BelowLimits {
  /** Most files and directories below it. */
  readonly maxFiles: number
  /** The budget that the search is charged to. */
  readonly budget: Budget
  /** Whether to leave out a path. */
  readonly isLeftOut: (path: readonly string[]) => boolean
}

/**
 * All files below a directory that makemetafile would include, in any order; links are followed as
 * for downloads. Hidden and system files are included if the mirror publishes hidden names. Names
 * are counted before any file is looked up, so that too large a directory costs little.
 * @throws Refusal
 */
export async function findBelow(
  directory: readonly string[],
  mirror: Mirror,
  limits: BelowLimits,
): Promise<FoundFiles> {
  const search = new SearchBelow(directory, mirror, limits)
  const paths = await search.listAll()
  const { budget } = limits
  const files = await mapConcurrently(paths, async (path) => {
    await budget.pause()
    return search.findIfThere(path)
  })
  return { files: files.flatMap((file) => file ?? []), omitted: search.omitted.sort() }
}

/** A directory to search, with the real paths of the directories above it. */
interface Place {
  readonly path: readonly string[]
  readonly above: readonly string[]
}

class SearchBelow {
  /** Paths that cannot be read. */
  readonly omitted: string[] = []
  readonly #view: MirrorView
  readonly #waiting: Place[]
  #count = 0

  constructor(
    readonly directory: readonly string[],
    readonly mirror: Mirror,
    readonly limits: BelowLimits,
  ) {
    this.#view = new MirrorView(mirror)
    this.#waiting = [{ path: directory, above: [] }]
  }

  /** The paths of everything that may be a file, directory by directory. */
  async listAll(): Promise<string[][]> {
    const paths: string[][] = []
    for (let place = this.#waiting.pop(); place; place = this.#waiting.pop()) {
      for (const path of await this.#list(place)) paths.push(path)
    }
    return paths
  }

  /** The paths in a directory; its subdirectories are queued. */
  async #list({ path, above }: Place): Promise<string[][]> {
    const { budget } = this.limits
    const files: string[][] = []
    const unclear: string[][] = []
    try {
      const real = await this.#view.directory(path)
      // A link to a directory above would be followed for ever
      if (above.includes(real)) return []
      const here = [...above, real]
      for await (const entries of readInChunks(real)) {
        for (const entry of entries) {
          if (budget.isSliceOver) await budget.nextSlice()
          const found = this.#take(path, entry)
          if (found === null) continue
          if (entry.kind === 'directory') this.#waiting.push({ path: found, above: here })
          else (entry.kind === 'file' ? files : unclear).push(found)
        }
      }
      for (const found of unclear) await this.#follow({ path: found, above: here }, files)
    } catch (error) {
      this.#passOver(await toRefusal(error, path, this.mirror), path)
    }
    return files
  }

  /** The path of an entry, counted; null if the entry is not published. */
  #take(directory: readonly string[], { name }: DirectoryEntry): string[] | null {
    const { budget, maxFiles, isLeftOut } = this.limits
    budget.charge('names', 1)
    const path = [...directory, name]
    if (isSuspect(name) || !isPlainName(name) || isLeftOut(path)) return null
    // Leaves out the same names as makemetafile, for the same info hash
    if (skipReasonOf(name, this.mirror.hidden) !== undefined) return null
    if (++this.#count > maxFiles) {
      const where = formatMirrorPath(this.directory)
      throw new Refusal(
        'too-many',
        `${where}: more than ${maxFiles} files and directories; ask for a smaller directory`,
      )
    }
    budget.charge('bytes', FILE_COST + 2 * path.join('/').length)
    return path
  }

  /** Follows a possible link: adds a file, queues a directory. */
  async #follow(place: Place, files: string[][]): Promise<void> {
    const { budget } = this.limits
    await budget.pause()
    try {
      await this.#view.file(place.path)
      files.push([...place.path])
    } catch (error) {
      if (error instanceof IsDirectory) this.#waiting.push(place)
      else this.#passOver(error, place.path)
    }
  }

  /** The file at a path; null if it is gone or cannot be read. */
  async findIfThere(path: readonly string[]): Promise<ScannedFile | null> {
    try {
      return await this.#view.file(path)
    } catch (error) {
      this.#passOver(error, path)
      return null
    }
  }

  /**
   * Ignores missing files and records unreadable ones; errors of the searched directory are thrown.
   */
  #passOver(error: unknown, path: readonly string[]): void {
    const isAbsent = error instanceof Refusal && ABSENT.includes(error.code)
    if (!isAbsent || path.length === this.directory.length) throw error
    if (error.code === 'not-permitted') this.omitted.push(formatMirrorPath(path))
  }
}

const ABSENT: readonly string[] = ['not-found', 'not-permitted']
