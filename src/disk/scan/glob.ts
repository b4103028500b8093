import { braceExpand, Minimatch } from 'minimatch'
import { BtkitError, inField } from '../../base/errors.js'

/** The most characters of a glob. */
const MAX_LENGTH = 4096

/**
 * The most patterns that braces may stand for. All of them must fit into the 4,000,000 characters
 * at which the package silently ends the list.
 */
const MAX_ALTERNATIVES = 900

/**
 * Compiles a glob of the operator: `*`, `?`, `[…]`, `**`, braces and extended patterns such as
 * `!(…)`. It is case-sensitive, and a backslash makes the next character literal. A leading `/` or
 * `./` is the root, which paths leave out. For untrusted globs use compileSimpleGlob: its time is
 * bounded.
 *
 * Loading minimatch takes milliseconds, so import this file only if there are globs.
 * With `hidden`, `*` and `?` match a leading dot. With `anyDepth` it matches at any depth, not only
 * from the root.
 *
 * @throws BtkitError `usage` for a glob that is empty or too long, has too many braces, or that
 * minimatch refuses
 */
export function compileGlob(pattern: string, hidden: boolean, anyDepth = false): Minimatch {
  const path = pattern.replace(/^(?:\.?\/+)+/, '')
  if (path === '') throw badGlob(pattern, 'matches nothing')
  if (pattern.length > MAX_LENGTH)
    throw badGlob(pattern, `longer than ${MAX_LENGTH} characters; use several patterns`)
  const limit = { braceExpandMax: MAX_ALTERNATIVES + 1 }
  if (braceExpand(path, limit).length > MAX_ALTERNATIVES) {
    const why = `its braces stand for more than ${MAX_ALTERNATIVES} patterns; use simpler ones`
    throw badGlob(pattern, why)
  }
  const options = { dot: hidden, nocomment: true, nonegate: true, optimizationLevel: 2, ...limit }
  try {
    return new Minimatch(anyDepth ? `**/${path}` : path, { ...options, platform: 'linux' })
  } catch (error) {
    if (error instanceof RangeError)
      throw badGlob(pattern, "has too many '**/..'; use fewer", error)
    if (!(error instanceof TypeError)) throw error
    throw badGlob(pattern, error.message, error)
  }
}

/** The error for a glob that cannot be used. */
function badGlob(pattern: string, why: string, cause?: unknown): BtkitError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern
  return new BtkitError('usage', `pattern '${shown}': ${why}`, { cause })
}

/** Filters paths. They are relative to the root and joined by '/'; a directory ends with '/'. */
export interface NameFilter {
  /** Whether an exclude pattern matches. */
  excludes: (path: string) => boolean
  /** Whether an include pattern matches, or there is none. */
  includes: (path: string) => boolean
  /** Why the path of a file that no walk came by is left out; null if it is not. */
  reasonOf: (path: string) => 'excluded' | 'not included' | null
}

/**
 * Compiles globs. A pattern without '/' (except at its end) matches a name at any depth; any other
 * pattern matches the path from the root. A pattern that ends with '/' matches only directories.
 * Patterns match hidden names and are case-sensitive. '/' and '\' mean the same on all platforms.
 *
 * @throws BtkitError `usage` for an empty pattern, or one that the matcher refuses
 */
export function compileNameFilter(include: string[], exclude: string[]): NameFilter {
  const wanted = inField('include', () => include.map(compile))
  const unwanted = inField('exclude', () => exclude.map(compile))
  const excludes = (path: string) => isMatch(unwanted, path)
  const includes = (path: string) => include.length === 0 || isMatch(wanted, path)
  const reasonOf = (path: string) => {
    const names = path.split('/')
    const above = names.slice(1).map((_, at) => `${names.slice(0, at + 1).join('/')}/`)
    if ([...above, path].some(excludes)) return 'excluded'
    return [...above, path].some(includes) ? null : 'not included'
  }
  return { excludes, includes, reasonOf }
}

function isMatch(globs: readonly Minimatch[], path: string): boolean {
  return globs.some((glob) => glob.match(path))
}

function compile(pattern: string): Minimatch {
  const anyDepth = !pattern.slice(0, -1).includes('/')
  const glob = compileGlob(pattern, true, anyDepth)
  // An alternative of braces may begin at the root of the file system
  if (glob.set.some(([first]) => first === '')) throw badGlob(pattern, 'matches nothing')
  return glob
}
