import { GLOBSTAR } from 'minimatch'
import { BtkitError } from '../../errors.js'
import { compileGlob } from '../../files/glob.js'
import { isPlainName } from '../../metainfo/name.js'

/** Most components of a pattern and levels of directories; no mirror is that deep. */
export const MAX_DEPTH = 100

/** A part of a pattern, which is any directories or a name that fits; and the parts after it, if any. */
interface PatternPart {
  readonly fits: typeof GLOBSTAR | ((name: string) => boolean)
  readonly next: PatternPart | null
}

/**
 * The rests of all patterns after the components of a path: the states of a matcher. Null is the
 * rest of a pattern that the whole path matches.
 */
export type PatternRests = readonly (PatternPart | null)[]

/**
 * Compiles globs for the paths of files on a mirror, from its root. `**` stands for any directories
 * on the way, or for all files below one. A leading dot is matched only by a dot.
 * @throws BtkitError `usage` if a pattern cannot match any file
 */
export function compilePatterns(patterns: readonly string[]): PatternRests {
  return patterns.flatMap(compilePattern)
}

/**
 * The rests that a name leads to from others. A link to a directory is followed only if its own
 * component matches it, not by `**`, because links may be circular.
 */
export function followName(rests: PatternRests, name: string, isLink = false): PatternRests {
  const follow = (part: PatternPart | null): PatternRests => {
    if (part?.fits !== GLOBSTAR) return part?.fits(name) ? [part.next] : []
    const stays = isLink || !isShown(name) ? [] : [part]
    return [...stays, ...follow(part.next)]
  }
  return [...new Set(rests.flatMap(follow))]
}

/**
 * Makes sure that a pattern can match files.
 * @throws BtkitError `usage`
 */
export function checkPattern(pattern: string): string {
  compilePattern(pattern)
  return pattern
}

const NO_FILE = 'matches no file; use DIRECTORY/** for all files below one'

/** The alternatives of a pattern's braces. */
function compilePattern(pattern: string): PatternPart[] {
  const wrong = (why: string) => new BtkitError('usage', `--warm '${pattern}': ${why}`)
  const components = pattern.split('/').filter((component) => component !== '')
  if (components.length === 0 || pattern.endsWith('/')) throw wrong(NO_FILE)
  // A backslash escapes the next character
  const odd = components.find((component) => !isPlainName(component.replaceAll('\\', '_')))
  if (odd !== undefined) throw wrong(`'${odd}' is not a file name; correct the pattern`)
  return compileGlob(pattern, { hidden: false }).set.map((parts) => {
    const path = parts[0] === '' ? parts.slice(1) : parts
    if (path.length === 0 || path.at(-1) === '') throw wrong(NO_FILE)
    if (path.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components; use fewer`)
    const last = path.at(-1) === GLOBSTAR ? { fits: isShown, next: null } : null
    const compiled = path.reduceRight<PatternPart | null>((next, part) => {
      if (typeof part === 'string') return { fits: (name) => name === part, next }
      return { fits: part === GLOBSTAR ? part : (name) => part.test(name), next }
    }, last)
    if (!compiled) throw wrong(NO_FILE)
    return compiled
  })
}

function isShown(name: string): boolean {
  return !name.startsWith('.')
}
