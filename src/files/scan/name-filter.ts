import { Ignore } from 'glob'
import { BtkitError } from '../../errors.js'

type Matchers = Ignore['relative']

/** Decides by paths relative to the root, joined by '/', those of directories with a '/' at the end. */
export interface NameFilter {
  /** whether an exclude pattern matches */
  excludes: (path: string) => boolean
  /** whether an include pattern matches, or there is none */
  includes: (path: string) => boolean
}

/**
 * Compiles globs. A pattern without '/', but for one at its end, matches a name at any depth;
 * any other the path relative to the root. One that ends in '/' matches directories alone. They
 * see hidden names, heed case, and use '/' and '\' alike on all platforms.
 *
 * Loading `glob` takes 5 ms, so import this file only when there are patterns.
 *
 * @throws BtkitError `usage` for a pattern that is empty or that the matcher refuses
 */
export function compileNameFilter(include: string[], exclude: string[]): NameFilter {
  const wanted = compile(include)
  const unwanted = compile(exclude)
  return {
    excludes: (path) => isMatch(unwanted, path),
    includes: (path) => include.length === 0 || isMatch(wanted, path),
  }
}

function isMatch(matchers: Matchers, path: string): boolean {
  return matchers.some((matcher) => matcher.match(path))
}

function compile(patterns: string[]): Matchers {
  return patterns.flatMap(compileOne)
}

function compileOne(pattern: string): Matchers {
  const { relative, absolute } = parse(pattern)
  if (relative.length === 0 || absolute.length > 0) throw refusal(pattern, 'matches nothing')
  return relative
}

function parse(pattern: string): Ignore {
  try {
    return new Ignore([anchor(pattern)], { platform: 'linux' })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw refusal(pattern, error.message, error)
  }
}

/** The pattern as one of paths from the root: `/docs` is `docs`, and `*.iso` is at any depth. */
function anchor(pattern: string): string {
  if (/^\/*$/.test(pattern)) return ''
  const isPath = pattern.slice(0, -1).includes('/')
  return isPath ? pattern.replace(/^\/+/, '') : `**/${pattern}`
}

function refusal(pattern: string, why: string, cause?: unknown): BtkitError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern
  return new BtkitError('usage', `pattern '${shown}': ${why}`, { cause })
}
