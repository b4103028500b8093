import { opendir } from 'node:fs/promises'
import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { Refusal, notFound } from '../refusal.js'
import { compareComponents } from './compare-components.js'
import { mapConcurrently } from './look-at-all.js'
import { formatMirrorPath, parseMirrorPath } from './mirror-path.js'
import { isWithheld, MirrorView, toRefusal, type Mirror } from './mirror.js'
import { compileSimpleGlob, isGlob, type SimpleGlob } from './simple-glob.js'

/** How much one request may make the server look at. */
export interface FindLimits {
  /** Files that the request may come to. */
  readonly maxMatches: number
}

/** Names of directories that one request may go through. */
const MAX_NAMES = 1_000_000

/**
 * The files that paths and simple globs stand for, in the order in which they were asked for; those
 * of one glob by their components, byte-wise.
 * @throws Refusal
 */
export async function findFiles(
  paths: readonly string[],
  mirror: Mirror,
  limits: FindLimits,
): Promise<ScannedFile[]> {
  const search = new Search(mirror, limits)
  const found = await mapConcurrently(paths, (path) => search.find(path))
  return found.flat()
}

class Search {
  readonly #view: MirrorView
  #names = 0
  #matches = 0
  #denied: Refusal | null = null

  constructor(
    mirror: Mirror,
    readonly limits: FindLimits,
  ) {
    this.#view = new MirrorView(mirror)
  }

  async find(path: string): Promise<ScannedFile[]> {
    const components = parseMirrorPath(path)
    if (!components.some(isGlob)) return [await this.#find(components)]
    const literal = await fileOrNull(this.#find(components))
    return literal ? [literal] : await this.#expand(components)
  }

  async #find(components: readonly string[]): Promise<ScannedFile> {
    const file = await this.#view.file(components)
    this.#countMatch(components)
    return file
  }

  async #expand(pattern: readonly string[]): Promise<ScannedFile[]> {
    if (isWithheld(pattern, this.#view.mirror)) throw notFound(formatMirrorPath(pattern))
    const paths = await this.#matching([], pattern)
    paths.sort(compareComponents)
    const files = await mapConcurrently(paths, (path) => {
      return fileOrNull(this.#view.file(path))
    })
    const found = files.filter((file) => file !== null)
    if (found.length === 0) throw this.#denied ?? notFound(formatMirrorPath(pattern))
    return found
  }

  /** The paths below a directory that a pattern matches; whether they are files is not looked at. */
  async #matching(directory: readonly string[], pattern: readonly string[]): Promise<string[][]> {
    const [first = '', ...rest] = pattern
    const names = isGlob(first) ? await this.#list(directory, compileSimpleGlob(first)) : [first]
    const paths = names.map((name) => [...directory, name])
    if (rest.length === 0) return paths
    const below: string[][] = []
    for (const path of paths) {
      for (const deeper of await this.#matching(path, rest)) below.push(deeper)
    }
    return below
  }

  /** The names in a directory that match; none when it is no directory or may not be read. */
  async #list(directory: readonly string[], glob: SimpleGlob): Promise<string[]> {
    const names: string[] = []
    try {
      const path = await this.#view.directory(directory)
      for await (const { name } of await opendir(path, { bufferSize: 512 })) {
        this.#countName()
        if (isSuspect(name) || !glob.matches(name)) continue
        this.#countMatch([...directory, name])
        names.push(name)
      }
    } catch (error) {
      this.#noteAbsence(toRefusal(error, directory))
    }
    return names
  }

  /** Passes over what is not there, and remembers what may not be looked at. */
  #noteAbsence(error: unknown): void {
    if (!isAbsence(error)) throw error
    if (error.code === 'not-permitted') this.#denied = error
  }

  #countName(): void {
    if (++this.#names > MAX_NAMES) throw tooMuch('the patterns go through too many names')
  }

  #countMatch(path: readonly string[]): void {
    if (++this.#matches <= this.limits.maxMatches) return
    throw tooMuch(`${formatMirrorPath(path)}: more than ${this.limits.maxMatches} files match`)
  }
}

function tooMuch(message: string): Refusal {
  return new Refusal('too-many', message)
}

/** What a pattern meets on its way need not be a file, or one that may be read. */
async function fileOrNull(look: Promise<ScannedFile>): Promise<ScannedFile | null> {
  try {
    return await look
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

function isAbsence(error: unknown): error is Refusal {
  return error instanceof Refusal && ['not-found', 'not-permitted'].includes(error.code)
}
