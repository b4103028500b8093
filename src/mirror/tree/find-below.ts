import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { skipReasonOf } from '../../files/scan/entry.js'
import { isPlainName } from '../../metainfo/name.js'
import type { Budget } from '../admission/budget.js'
import { IsDirectory, Refusal } from '../../server/answers/refusal.js'
import { readInChunks, type DirectoryEntry } from './read-in-chunks.js'
import { FILE_COST, type FoundFiles } from './find-files.js'
import { mapConcurrently } from './map-concurrently.js'
import { formatMirrorPath } from './mirror-path.js'
import { MirrorView, toRefusal, type Mirror } from './mirror.js'

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
