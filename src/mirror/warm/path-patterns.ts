import { BtkitError } from '../../errors.js'
import { isPlainName } from '../../metainfo/name.js'
import { compileSimpleGlob, type Charged } from '../tree/simple-glob.js'

/** Most components of a pattern; no mirror is that deep. */
const MAX_DEPTH = 100

/** The operator's own patterns have no budget. */
const FREE: Charged = { charge: () => undefined }

/** A part of a pattern: any directories, a name that fits, or the end. */
type Place = 'directories' | 'end' | ((name: string) => boolean)

/** The parts of all patterns that the components of a path have led to. */
export type Places = readonly number[]

/**
 * Patterns for the paths of files on a mirror. Components are those of the protocol: `*`, `?` and
 * `[…]`. `**` stands for any directories on the way, or for all files below one. A leading dot is
 * matched only by a dot.
 */
export class PathPatterns {
  readonly #places: readonly Place[]
  /** The parts where paths begin, at the root. */
  readonly start: Places

  /** @throws BtkitError `usage` if a pattern cannot match any file */
  constructor(patterns: readonly string[]) {
    const places = patterns.map(compilePattern)
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

function compilePattern(pattern: string): Place[] {
  const components = pattern.split('/').filter((component) => component !== '')
  const wrong = (why: string) => new BtkitError('usage', `--warm '${pattern}': ${why}`)
  if (components.length === 0 || pattern.endsWith('/')) {
    throw wrong('matches no file; use DIRECTORY/** for all files below one')
  }
  if (components.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components; use fewer`)
  const odd = components.find((component) => !isPlainName(component))
  if (odd !== undefined) throw wrong(`'${odd}' is not a file name; correct the pattern`)
  const isDeep = (component: string | undefined) => component === '**'
  // Consecutive `**` match the same as one
  const distinct = components.filter((each, i) => !isDeep(each) || !isDeep(components[i - 1]))
  const whole = isDeep(distinct.at(-1)) ? [...distinct, '*'] : distinct
  return [...whole.map((each) => (isDeep(each) ? 'directories' : compileName(each))), 'end']
}

function compileName(component: string): (name: string) => boolean {
  const glob = compileSimpleGlob(component, FREE)
  // A name may look like a pattern
  return (name) => name === component || glob.matches(name, FREE)
}
