import { mapLimited } from '../../base/concurrency.js'
import { sortByBytes } from '../../disk/look/read-names.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import type { Budget } from '../../server/admission/memory.js'
import { LISTED, type Look } from './below-root.js'
import type { MirrorEntry } from './open-looked.js'
import {
  formatMirrorPath,
  isWithheld,
  LOOKS_AT_ONCE,
  type Mirror,
  MirrorView,
  parseMirrorPlace,
  readEntries,
  requireUtf8,
  toRefusal,
} from './mirror.js'
import { compileSimpleGlob, isGlob, type SimpleGlob } from './simple-glob.js'
import { IsDirectory, notFound, Refusal } from '../../server/headers/refusal.js'
import { isRaw } from '../../base/text/raw-path.js'

/** Limits on one request's search. */
export interface FindLimits {
  /** Most files, and most names in a directory that a pattern matches. */
  readonly maxMatches: number
  /** The budget that the search is charged to. */
  readonly budget: Budget
}

/** Most components of a pattern; no mirror is that deep. */
const MAX_PATTERN_DEPTH = 100

/** Bytes that a file takes beside its path. */
export const FILE_COST = 600

/**
 * The files that paths and simple globs match, in the order of the request. Files of one glob are
 * sorted by their components, bytewise. `omitted` are paths that match a glob but cannot be read.
 * @throws Refusal
 */
export async function findFiles(
  paths: readonly string[],
  mirror: Mirror,
  limits: FindLimits,
): Promise<{ readonly files: ScannedFile[]; readonly omitted: readonly string[] }> {
  const search = new Search(mirror, limits)
  const found = await mapLimited(paths, LOOKS_AT_ONCE, (path) => search.find(path))
  return { files: found.flat(), omitted: search.omitted.sort() }
}

class Search {
  readonly #view: MirrorView
  readonly #limits: FindLimits
  /** Paths that cannot be read. */
  readonly omitted: string[] = []
  #matches = 0
  #denied: Refusal | null = null

  constructor(mirror: Mirror, limits: FindLimits) {
    this.#view = new MirrorView(mirror)
    this.#limits = limits
  }

  async find(path: string): Promise<ScannedFile[]> {
    const { budget } = this.#limits
    await budget.pause()
    const components = parseMirrorPlace(path)
    budget.charge('steps', path.length)
    // Only a directory has a slash at its end
    if (path.endsWith('/')) {
      await this.#findNamed(components)
      throw notFound(formatMirrorPath([...components, '']))
    }
    if (!components.some(isGlob)) return [await this.#findNamed(components)]
    const literal = await this.#findIfThere(components)
    return literal ? [literal] : await this.#expand(components)
  }

  /** The file with that name; for a directory, the error says how to ask for its files. */
  async #findNamed(components: readonly string[]): Promise<ScannedFile> {
    try {
      return await this.#find(components)
    } catch (error) {
      if (!(error instanceof IsDirectory)) throw error
      const pattern = formatMirrorPath([...components, '*'])
      throw new Refusal('not-found', `${error.message}; use ${pattern} for the files in it`)
    }
  }

  async #find(components: readonly string[]): Promise<ScannedFile> {
    const file = await this.#view.file(components)
    requireUtf8(components)
    if (++this.#matches > this.#limits.maxMatches) throw this.#tooMany(components)
    const characters = 2 * file.absolutePath.length
    this.#limits.budget.charge('bytes', FILE_COST + characters)
    return file
  }

  async #expand(pattern: readonly string[]): Promise<ScannedFile[]> {
    if (isWithheld(pattern, this.#view.mirror)) throw notFound(formatMirrorPath(pattern))
    if (pattern.length > MAX_PATTERN_DEPTH) {
      throw tooMuch(`a pattern has more than ${MAX_PATTERN_DEPTH} components; use fewer`)
    }
    const found: ScannedFile[] = []
    const entered = new EnteredDirectories(this.#view, this.#limits.budget)
    await this.#follow(pattern, [], entered, found)
    if (found.length === 0) throw this.#denied ?? notFound(formatMirrorPath(pattern))
    return found
  }

  /**
   * Adds the files that a pattern leads to from a place, in their order. `place` is the path for
   * the components that have been followed.
   */
  async #follow(
    pattern: readonly string[],
    place: readonly string[],
    entered: EnteredDirectories,
    found: ScannedFile[],
  ): Promise<void> {
    const { budget } = this.#limits
    const next = pattern.findIndex((component, i) => i >= place.length && isGlob(component))
    const directory = [...place, ...pattern.slice(place.length, next)]
    const rest = pattern.slice(next + 1)
    const glob = compileSimpleGlob(pattern[next] ?? '', budget)
    const wantsFiles = rest.length === 0
    const names = await this.#list(directory, glob, wantsFiles, entered)
    if (rest.some(isGlob)) {
      for (const name of names) {
        await this.#follow(pattern, [...directory, name], entered, found)
      }
      return
    }
    const files = await mapLimited(names, LOOKS_AT_ONCE, async (name) => {
      await budget.pause()
      const path = [...directory, name, ...rest]
      return this.#findIfThere(path, wantsFiles ? null : entered)
    })
    for (const file of files) if (file) found.push(file)
  }

  /**
   * The matching names in a directory, sorted, without those that are certainly not of the wanted
   * kind. Empty if it is not a directory or cannot be read.
   */
  async #list(
    directory: readonly string[],
    glob: SimpleGlob,
    wantsFiles: boolean,
    entered: EnteredDirectories,
  ): Promise<string[]> {
    const { budget, maxMatches } = this.#limits
    const names: string[] = []
    const unwanted = wantsFiles ? 'directory' : 'file'
    const take = ({ name, kind }: MirrorEntry) => {
      budget.charge('names', 1)
      if (kind === unwanted || isRaw(name) || !glob.matches(name, budget)) return
      budget.charge('bytes', name.length)
      if (names.push(name) > maxMatches) throw this.#tooMany(directory)
    }
    try {
      for await (const entries of readEntries(await entered.enter(directory))) {
        for (const entry of entries) {
          if (budget.isSliceOver()) await budget.nextSlice()
          take(entry)
        }
      }
    } catch (error) {
      this.#noteAbsence(await toRefusal(error, directory, this.#view.mirror), directory)
    }
    return sortByBytes(names)
  }

  /**
   * The file at a path that a pattern matches; null if it is missing or cannot be read. With
   * `entered`, the file's directory is entered first.
   */
  async #findIfThere(
    components: readonly string[],
    entered: EnteredDirectories | null = null,
  ): Promise<ScannedFile | null> {
    try {
      await entered?.enter(components.slice(0, -1))
      return await this.#find(components)
    } catch (error) {
      this.#noteAbsence(error, components)
      return null
    }
  }

  /** Ignores missing files and records unreadable ones. */
  #noteAbsence(error: unknown, path: readonly string[]): void {
    if (!(error instanceof Refusal) || !/^not-(found|permitted)$/.test(error.code)) throw error
    if (error.code === 'not-found') return
    this.#denied = error
    this.omitted.push(path.join('/'))
  }

  #tooMany(path: readonly string[]): Refusal {
    return tooMuch(
      `${formatMirrorPath(path)}: more than ${this.#limits.maxMatches} files match; use a narrower pattern`,
    )
  }
}

function tooMuch(message: string): Refusal {
  return new Refusal('too-many', message)
}

/** Cost of resolving and opening a directory, in names. */
const ENTER = 10

/**
 * Cost of entering a directory that the pattern reached before by other links. Circular links
 * multiply the paths with each component of a pattern, and longer paths cost more.
 */
const ENTER_AGAIN = 2000

/** The directories that one pattern enters, charged to its budget. */
class EnteredDirectories {
  readonly #entered = new Set<string>()

  constructor(
    readonly view: MirrorView,
    readonly budget: Budget,
  ) {}

  /**
   * Looks up a directory.
   * @throws Refusal
   */
  async enter(directory: readonly string[]): Promise<Look> {
    this.budget.charge('names', ENTER)
    const look = await this.view.directory(directory, LISTED)
    if (this.#entered.has(look.absolutePath)) this.budget.charge('names', ENTER_AGAIN)
    this.#entered.add(look.absolutePath)
    return look
  }
}
