import type { Minimatch } from 'minimatch'
import { BtkitError } from '../../errors.js'
import { compileGlob } from '../../files/glob.js'
import { isPlainName } from '../../metainfo/name.js'

/** Most components of a pattern; no mirror is that deep. */
const MAX_DEPTH = 100

const NO_FILE = 'matches no file; use DIRECTORY/** for all files below one'

/** A part of a pattern: any directories, a name that fits, or the end. */
type Place = 'directories' | 'end' | ((name: string) => boolean)

/** The parts of all patterns that the components of a path have led to. */
export type Places = readonly number[]

/**
 * Globs for the paths of files on a mirror, from its root. `**` stands for any directories on the
 * way, or for all files below one. A leading dot is matched only by a dot.
 */
export class PathPatterns {
  readonly #places: readonly Place[]
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
function compilePattern(pattern: string): Place[][] {
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

function compilePart(part: Minimatch['set'][number][number]): Place {
  if (typeof part === 'symbol') return 'directories'
  return typeof part === 'string' ? (name) => name === part : (name) => part.test(name)
}

function isShown(name: string): boolean {
  return !name.startsWith('.')
}
