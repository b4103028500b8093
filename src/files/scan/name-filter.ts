import { Ignore } from 'glob'
import { BtkitError } from '../../errors.js'

type Matchers = Ignore['relative']

/** Filters paths. They are relative to the root and joined by '/'; a directory ends with '/'. */
export interface NameFilter {
  /** Whether an exclude pattern matches. */
  excludes: (path: string) => boolean
  /** Whether an include pattern matches, or there is none. */
  includes: (path: string) => boolean
}

/**
 * Compiles globs. A pattern without '/' (except at its end) matches a name at any depth; any other
 * pattern matches the path from the root. A pattern that ends with '/' matches only directories.
 * Patterns match hidden names and are case-sensitive. '/' and '\' mean the same on all platforms.
 *
 * Loading `glob` takes 5 ms, so import this file only if there are patterns.
 *
 * @throws BtkitError `usage` for an empty pattern, or one that the matcher refuses
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

/**
 * Converts a pattern to one for paths from the root: `/docs` becomes `docs`, and `*.iso` matches at
 * any depth.
 */
function anchor(pattern: string): string {
  if (/^\/*$/.test(pattern)) return ''
  const isPath = pattern.slice(0, -1).includes('/')
  return isPath ? pattern.replace(/^\/+/, '') : `**/${pattern}`
}

function refusal(pattern: string, why: string, cause?: unknown): BtkitError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern
  return new BtkitError('usage', `pattern '${shown}': ${why}`, { cause })
}
