import { BtkitError } from '../../errors.js'
import { isPlainName } from '../../metainfo/name.js'
import { compileSimpleGlob, type Charged } from '../tree/simple-glob.js'

/** Components of a pattern; no mirror is that deep. */
const MAX_DEPTH = 100

/** Who runs the mirror may have as much compared as it takes. */
const FREE: Charged = { charge: () => undefined }

/** What a place of a pattern asks of the next name: any directories, one that fits, or no more. */
type Place = 'directories' | 'end' | ((name: string) => boolean)

/** The places in all patterns that the components of a path have led to. */
export type Places = readonly number[]

/**
 * Patterns for the paths of files on a mirror. In each component they are as those of the protocol:
 * `*`, `?` and `[…]`; and `**` stands for any directories on the way, or for all files below one. A
 * leading dot is matched by a dot alone.
 */
export class PathPatterns {
  readonly #places: readonly Place[]
  /** Where paths begin: at the root. */
  readonly start: Places

  /** @throws BtkitError `usage` for what can't be the path of a file */
  constructor(patterns: readonly string[]) {
    const places = patterns.map(compilePattern)
    this.#places = places.flat()
    const firsts = places.map((_, i) => places.slice(0, i).flat().length)
    this.start = this.#settle(firsts)
  }

  /**
   * Where the name of a directory, or of a file in it, leads to from some places. Through a link to a
   * directory only a component leads that is matched by itself, as links may lead in circles.
   */
  follow(from: Places, name: string, isLink = false): Places {
    const next = from.flatMap((at) => {
      const place = this.#places[at]
      if (place === 'directories') return isLink || name.startsWith('.') ? [] : [at]
      return typeof place === 'function' && place(name) ? [at + 1] : []
    })
    return this.#settle(next)
  }

  /** Whether a path that led to these places matches. */
  isMatch(places: Places): boolean {
    return places.some((at) => this.#places[at] === 'end')
  }

  /** Whether a path that goes on from these places can match. */
  canGoOn(places: Places): boolean {
    return places.some((at) => this.#places[at] !== 'end')
  }

  /** Adds the places after those that stand for no directory as well. */
  #settle(places: readonly number[]): Places {
    const all = places.flatMap((at) => (this.#places[at] === 'directories' ? [at, at + 1] : [at]))
    return [...new Set(all)]
  }
}

/**
 * Makes sure that a pattern could be that of files.
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
    throw wrong('stands for no file; DIRECTORY/** are all below one')
  }
  if (components.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components`)
  const odd = components.find((component) => !isPlainName(component))
  if (odd !== undefined) throw wrong(`'${odd}' is the name of no file`)
  const isDeep = (component: string | undefined) => component === '**'
  // One after the other they say no more than one does
  const distinct = components.filter((each, i) => !isDeep(each) || !isDeep(components[i - 1]))
  const whole = isDeep(distinct.at(-1)) ? [...distinct, '*'] : distinct
  return [...whole.map((each) => (isDeep(each) ? 'directories' : compileName(each))), 'end']
}

function compileName(component: string): (name: string) => boolean {
  const glob = compileSimpleGlob(component, FREE)
  // A name may look like a pattern
  return (name) => name === component || glob.matches(name, FREE)
}
