import { mapLimited } from '../../concurrency.js'
import { contentOfTree } from '../../core/digests/content.js'
import { sortFiles } from '../../core/digests/sort-files.js'
import { FileColumns } from '../../files/columns.js'
import { FileStore } from '../../files/file-store.js'
import { skipReasonOf } from '../../files/scan/entry.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { Budget } from '../admission/memory.js'
import type { ServiceOptions } from '../options.js'
import { refuseManyPieces } from '../torrents/content.js'
import type { Requester } from '../requests/requester.js'
import type { PlacedContent } from '../torrents/make.js'
import type { CurrentTorrent, Torrents } from '../torrents/torrents.js'
import { FILE_COST } from '../tree/find-files.js'
import {
  formatMirrorPath,
  isNameable,
  LOOKS_AT_ONCE,
  type Mirror,
  MirrorView,
  SERVICE_NAME,
} from '../tree/mirror.js'
import { walkMirror } from '../tree/walk.js'
import { notFound, Refusal } from '../../server/answers/refusal.js'
import { formatBytes } from '../../text/quantity.js'

/** Estimated work of searching a directory; see Planning. */
const EFFORT = 1000

/**
 * Torrents of directories. Each has the name of its directory, and its files have the paths of
 * their addresses below it, so that clients find them there.
 */
export class DirectoryTorrents {
  constructor(
    private readonly options: ServiceOptions,
    private readonly torrents: Torrents,
  ) {}

  /**
   * Obtains the torrent of a directory, or of some entries of it.
   * @throws Refusal; BtkitError if its files cannot be read
   */
  obtain(
    wanted: WantedDirectory,
    version: MetainfoVersion,
    requester: Requester,
  ): Promise<CurrentTorrent> {
    const { directory, chosen } = wanted
    // No name contains a slash
    const names = chosen === null ? '' : ` //${chosen.join('//')}`
    const key = `${version} directory /${directory.join('/')}${names}`
    const look = (budget: Budget) => this.#look(wanted, version, budget)
    return this.torrents.obtain({ key, effort: EFFORT, look }, requester)
  }

  async #look(
    { directory, chosen }: WantedDirectory,
    version: MetainfoVersion,
    budget: Budget,
  ): Promise<PlacedContent> {
    const { mirror, limits, pieceLength } = this.options
    const name = directory.at(-1)
    if (name === undefined) {
      const why = 'the root has no name for a torrent; ask for a directory in it'
      throw new Refusal('incompatible', why)
    }
    const where = formatMirrorPath(directory)
    // Below its own prefix the service answers itself, so clients would get no file
    const isLeftOut = (path: readonly string[]) => path[1] === SERVICE_NAME
    if (isLeftOut(directory)) throw notFound(where)
    const below = { maxFiles: limits.maxFiles, budget, isLeftOut, chosen }
    const { files, omitted } = await findBelow(directory, mirror, below)
    if (files.size > limits.maxSize) {
      const why = `its files have more than ${formatBytes(limits.maxSize)}`
      throw new Refusal('too-many', `${where}: ${why}; ask for a smaller directory`)
    }
    const sorted = sortFiles(files, { by: 'path', isDescending: false })
    const tree = { root: name, isDirectory: true, files: sorted, skipped: [] }
    const content = contentOfTree(tree, { version, name, pieceLength })
    refuseManyPieces(content)
    const options = { private: false, sourceTag: null }
    return { content, options, directory: directory.slice(0, -1), omitted }
  }
}

/** A directory whose torrent is wanted. */
export interface WantedDirectory {
  readonly directory: readonly string[]
  /** The names of the only entries that the torrent has, sorted; null for all. */
  readonly chosen: readonly string[] | null
}

/** Limits on the search in one directory. */
interface BelowLimits extends Pick<WantedDirectory, 'chosen'> {
  /** Most files and directories below it. */
  readonly maxFiles: number
  /** The budget that the search is charged to. */
  readonly budget: Budget
  /** Whether to leave out a path. */
  readonly isLeftOut: (path: readonly string[]) => boolean
}

/** The files below a directory, with their paths from there. */
interface FilesBelow {
  readonly files: FileColumns
  /** Paths of the mirror that cannot be read. */
  readonly omitted: readonly string[]
}

/**
 * All files below a directory that makemetafile would include, in any order; links are followed as
 * for downloads. Hidden and system files are included if the mirror publishes hidden names. Names
 * are counted before any file is looked up, so that too large a directory costs little.
 * @throws Refusal
 */
async function findBelow(
  directory: readonly string[],
  mirror: Mirror,
  { maxFiles, budget, isLeftOut, chosen }: BelowLimits,
): Promise<FilesBelow> {
  const own = chosen && new Set(chosen)
  const view = new MirrorView(mirror)
  const omitted: string[] = []
  let count = 0
  const isWanted = (path: readonly string[]) => {
    const name = path.at(-1) ?? ''
    budget.charge('names', 1)
    if (!isNameable(name) || isLeftOut(path)) return false
    if (own && path.length === directory.length + 1 && !own.has(name)) return false
    // Leaves out the same names as makemetafile, for the same info hash
    if (skipReasonOf(name, { all: mirror.hidden }) !== undefined) return false
    if (++count > maxFiles) throw tooMany(directory, maxFiles)
    budget.charge('bytes', FILE_COST + 2 * path.join('/').length)
    return true
  }
  // Errors of the searched directory itself are thrown
  const passOver = (error: unknown, path: readonly string[]) => {
    const isAbsent = error instanceof Refusal && ABSENT.includes(error.code)
    if (!isAbsent || path.length === directory.length) throw error
    if (error.code === 'not-permitted') omitted.push(formatMirrorPath(path))
  }
  const pause = () => (budget.isSliceOver ? budget.nextSlice() : null)
  const walk = { isWanted, enter: () => true, passOver, pause, mayLoop: false }
  const paths: string[][] = []
  for await (const found of walkMirror(view, { path: directory, state: true }, walk)) {
    for (const path of found.paths) paths.push(path)
  }
  const store = new FileStore()
  await mapLimited(paths, LOOKS_AT_ONCE, async (path) => {
    await budget.pause()
    try {
      store.add({ ...(await view.file(path)), path: path.slice(directory.length) })
    } catch (error) {
      passOver(error, path)
    }
  })
  refuseAbsent(directory, chosen ?? [], paths)
  return { files: new FileColumns(store), omitted: omitted.sort() }
}

/** Refuses entries that are not there any more: a torrent without them would surprise. */
function refuseAbsent(
  directory: readonly string[],
  chosen: readonly string[],
  paths: readonly (readonly string[])[],
): void {
  const there = new Set(paths.map((path) => path[directory.length]))
  const absent = chosen.find((name) => !there.has(name))
  if (absent !== undefined) throw notFound(formatMirrorPath([...directory, absent]))
}

const ABSENT: readonly string[] = ['not-found', 'not-permitted']

function tooMany(directory: readonly string[], most: number): Refusal {
  const why = `more than ${most} files and directories; ask for a smaller directory`
  return new Refusal('too-many', `${formatMirrorPath(directory)}: ${why}`)
}
