import { lstat } from 'node:fs/promises'
import type { Minimatch } from 'minimatch'
import { BtkitError } from '../../errors.js'
import { compileGlob } from '../../files/glob.js'
import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { isPlainName } from '../../metainfo/name.js'
import { IsDirectory, NotReady, Refusal } from '../../server/answers/refusal.js'
import {
  childOf,
  type DirectoryEntry,
  isWithheld,
  mapConcurrently,
  type Mirror,
  MirrorView,
  readInChunks,
  toRefusal,
} from '../tree/mirror.js'

/** Most components of a pattern and levels of directories; no mirror is that deep. */
const MAX_DEPTH = 100

/** A directory to search, with the parts of the patterns that lead to it. */
interface Place {
  readonly path: readonly string[]
  readonly places: Places
}

/** One search for the files that match patterns. */
export class WarmSearch {
  /** Directories and files that exist but cannot be read now; what was known of them stays. */
  readonly unread: (readonly string[])[] = []
  readonly #view: MirrorView

  constructor(
    private readonly mirror: Mirror,
    private readonly patterns: PathPatterns,
    private readonly signal: AbortSignal,
  ) {
    this.#view = new MirrorView(mirror)
  }

  /**
   * The files, some at a time.
   * @throws the signal's reason
   */
  async *files(): AsyncGenerator<readonly ScannedFile[]> {
    const waiting: Place[] = [{ path: [], places: this.patterns.start }]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      yield* this.#search(next, waiting)
    }
  }

  async *#search(place: Place, waiting: Place[]): AsyncGenerator<readonly ScannedFile[]> {
    try {
      const realPath = await this.#view.directory(place.path)
      for await (const entries of readInChunks(realPath)) {
        this.signal.throwIfAborted()
        const wanted = entries.filter(({ name }) => this.#isWanted(place, name))
        const found = await mapConcurrently(wanted, (entry) => {
          return this.#look(place, entry, { realPath, waiting })
        })
        yield found.flatMap((file) => file ?? [])
      }
    } catch (error) {
      this.signal.throwIfAborted()
      const refusal = await toRefusal(error, place.path, this.mirror)
      if (refusal instanceof NotReady || !(refusal instanceof Refusal)) this.unread.push(place.path)
    }
  }

  #isWanted({ path, places }: Place, name: string): boolean {
    if (isSuspect(name) || !isPlainName(name)) return false
    if (isWithheld([...path, name], this.mirror)) return false
    return this.patterns.follow(places, name).length > 0
  }

  /** The file of an entry; null if it is none. A directory is queued. */
  async #look(
    place: Place,
    entry: DirectoryEntry,
    { realPath, waiting }: { readonly realPath: string; readonly waiting: Place[] },
  ): Promise<ScannedFile | null> {
    const path = [...place.path, entry.name]
    const kind = entry.kind === 'unknown' ? await this.#kindOf(path, realPath) : entry.kind
    if (kind === null) return null
    const places = this.patterns.follow(place.places, entry.name, kind === 'link')
    if (kind === 'file') return this.patterns.isMatch(places) ? this.#fileIfThere(path) : null
    if (this.patterns.canGoOn(places) && path.length < MAX_DEPTH) waiting.push({ path, places })
    return null
  }

  /** The kind of a name: `link` is a link to a directory; a link to a file counts as a file. */
  async #kindOf(path: readonly string[], realPath: string) {
    try {
      const stats = await lstat(childOf(realPath, path.at(-1) ?? ''))
      if (stats.isDirectory()) return 'directory'
      if (stats.isFile()) return 'file'
      if (!stats.isSymbolicLink()) return null
      await this.#view.file(path)
      return 'file'
    } catch (error) {
      return error instanceof IsDirectory ? 'link' : null
    }
  }

  async #fileIfThere(path: readonly string[]): Promise<ScannedFile | null> {
    try {
      return await this.#view.file(path)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error instanceof NotReady) this.unread.push(path)
      return null
    }
  }
}

const NO_FILE = 'matches no file; use DIRECTORY/** for all files below one'

/** A part of a pattern: any directories, a name that fits, or the end. */
type PatternPart = 'directories' | 'end' | ((name: string) => boolean)

/** The parts of all patterns that the components of a path have led to. */
export type Places = readonly number[]

/**
 * Globs for the paths of files on a mirror, from its root. `**` stands for any directories on the
 * way, or for all files below one. A leading dot is matched only by a dot.
 */
export class PathPatterns {
  readonly #places: readonly PatternPart[]
  /** The parts where paths begin, at the root. */
  readonly start: Places

  /** @throws BtkitError `usage` if a pattern cannot match any file */
  constructor(patterns: readonly string[]) {
    const places = patterns.flatMap(compilePattern)
    this.#places = places.flat()
    const firsts = places.map((_, i) => places.slice(0, i).flat().length)
    this.start = this.#spread(firsts)
  }

  /**
   * The parts that a name leads to from others. A link to a directory is followed only if its own
   * component matches it, not by `**`, because links may be circular.
   */
  follow(from: Places, name: string, isLink = false): Places {
    const next = from.flatMap((at) => {
      const place = this.#places[at]
      if (place === 'directories') return isLink || name.startsWith('.') ? [] : [at]
      return typeof place === 'function' && place(name) ? [at + 1] : []
    })
    return this.#spread(next)
  }

  /** Whether a path that led to these parts matches. */
  isMatch(places: Places): boolean {
    return places.some((at) => this.#places[at] === 'end')
  }

  /** Whether a longer path can match from these parts. */
  canGoOn(places: Places): boolean {
    return places.some((at) => this.#places[at] !== 'end')
  }

  /** Adds the parts after each `**`, which may stand for no directory. */
  #spread(places: readonly number[]): Places {
    const all = places.flatMap((at) => (this.#places[at] === 'directories' ? [at, at + 1] : [at]))
    return [...new Set(all)]
  }
}

/**
 * Makes sure that a pattern can match files.
 * @throws BtkitError `usage`
 */
export function checkPattern(pattern: string): string {
  compilePattern(pattern)
  return pattern
}

/** The alternatives of a pattern's braces, each as its parts. */
function compilePattern(pattern: string): PatternPart[][] {
  const wrong = (why: string) => new BtkitError('usage', `--warm '${pattern}': ${why}`)
  const components = pattern.split('/').filter((component) => component !== '')
  if (components.length === 0 || pattern.endsWith('/')) throw wrong(NO_FILE)
  const odd = components.find((component) => !isPlainPart(component))
  if (odd !== undefined) throw wrong(`'${odd}' is not a file name; correct the pattern`)
  const { set } = compileGlob(pattern, { hidden: false })
  return set.map((parts) => {
    const path = parts[0] === '' ? parts.slice(1) : parts
    if (path.length === 0 || path.at(-1) === '') throw wrong(NO_FILE)
    if (path.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components; use fewer`)
    const places = path.map(compilePart)
    return [...places, ...(places.at(-1) === 'directories' ? [isShown] : []), 'end']
  })
}

/** A backslash escapes the next character. */
function isPlainPart(component: string): boolean {
  return isPlainName(component.replaceAll('\\', '_'))
}

function compilePart(part: Minimatch['set'][number][number]): PatternPart {
  if (typeof part === 'symbol') return 'directories'
  return typeof part === 'string' ? (name) => name === part : (name) => part.test(name)
}

function isShown(name: string): boolean {
  return !name.startsWith('.')
}
