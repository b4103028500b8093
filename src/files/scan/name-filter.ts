import type { Minimatch } from 'minimatch'
import { badGlob, compileGlob } from '../glob.js'

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
 * @throws BtkitError `usage` for an empty pattern, or one that the matcher refuses
 */
export function compileNameFilter(include: string[], exclude: string[]): NameFilter {
  const wanted = include.map(compile)
  const unwanted = exclude.map(compile)
  return {
    excludes: (path) => isMatch(unwanted, path),
    includes: (path) => include.length === 0 || isMatch(wanted, path),
  }
}

function isMatch(globs: readonly Minimatch[], path: string): boolean {
  return globs.some((glob) => glob.match(path))
}

function compile(pattern: string): Minimatch {
  const anyDepth = !pattern.slice(0, -1).includes('/')
  const glob = compileGlob(pattern, { hidden: true, anyDepth })
  // An alternative of braces may begin at the root of the file system
  if (glob.set.some(([first]) => first === '')) throw badGlob(pattern, 'matches nothing')
  return glob
}
