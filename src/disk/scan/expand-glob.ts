import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import { globSync } from 'glob'
import { asBtkitError, BtkitError, callSystem, osCodeOf, valueOr } from '../../base/errors.js'
import { compileGlob } from './glob.js'
import { compareBytes, isSuspect, refuseMangledName } from '../look/read-names.js'
import { statIfThere } from '../look/stat-files.js'

/**
 * Finds the paths that a pattern matches, sorted by bytes, in the form of the pattern: relative to
 * `directory`, or absolute. Directories that exist at its beginning are taken literally. As in a
 * shell, hidden names match only a pattern with a dot, and `**` does not follow links. Entries that
 * cannot be looked at are reported, and the search goes on.
 *
 * Loading glob takes milliseconds, so import this file only if there is a pattern.
 *
 * @throws BtkitError `usage` as compileGlob
 */
export function expandGlob(
  pattern: string,
  directory: string,
  onProblem: (problem: BtkitError) => void,
): string[] {
  const [literal, rest] = splitPattern(pattern, directory)
  const matcher = compileGlob(rest, false)
  // glob would not enter a link
  const start = resolve(directory, literal)
  const root = callSystem(start, () => realpathSync(start))
  const isDeep = rest.includes('**')
  const look = lookingAround(onProblem)
  // An alternative of braces may begin at the root of the file system, of which nothing can match
  const below = matcher.globSet.filter((each) => !each.startsWith('/'))
  const found = globSync(below, {
    nobrace: true,
    cwd: root,
    fs: {
      readdirSync: (path, options) => look(path, () => readdirSync(path, options)),
      lstatSync: (path) => look(path, () => lstatSync(path)),
    },
    ignore: { childrenIgnored: (entry) => isDeep && entry.isSymbolicLink() },
    nocase: false,
  })
  const paths = found.flatMap((each) => {
    const place = resolve(root, each)
    const path = relative(root, place)
    const looksLike = (what: () => boolean) => valueOr(false, () => look(place, what))
    // The root itself is what ** begins at
    if (path === '' || !looksLike(() => true)) return []
    if (matcher.match(path)) return [path]
    const isDirectory = () => statIfThere(place)?.isDirectory() === true
    return matcher.match(`${path}/`) && looksLike(isDirectory) ? [`${path}/`] : []
  })
  return paths.sort(compareBytes).map((path) => literal + path)
}

/** Splits a pattern behind the directories that exist at its beginning. */
function splitPattern(pattern: string, directory: string): [literal: string, rest: string] {
  const segments = pattern.split('/')
  const last = segments.length - 1
  const leading = (count: number) =>
    segments
      .slice(0, count)
      .map((each) => `${each}/`)
      .join('')
  let count = 0
  while (count < last && statIfThere(resolve(directory, leading(count + 1)))?.isDirectory()) count++
  return [leading(count), segments.slice(count).join('/')]
}

/**
 * Returns a function that returns what `act` finds at a path. It reports each error once, unless
 * nothing is there, and throws it; glob passes over it.
 */
function lookingAround(onProblem: (problem: BtkitError) => void) {
  const reported = new Set<string>()
  return <T>(path: string, act: () => T): T => {
    try {
      checkNames(path)
      return act()
    } catch (error) {
      const isNothing = ['ENOENT', 'ENOTDIR'].includes(osCodeOf(error) ?? '')
      const problem = asBtkitError(error, path)
      if (!isNothing && problem instanceof BtkitError && !reported.has(problem.message)) {
        reported.add(problem.message)
        onProblem(problem)
      }
      throw error
    }
  }
}

/** @throws BtkitError `bad-name` if a name in a path is not as Node reads it */
function checkNames(path: string): void {
  if (!isSuspect(path)) return
  const [parent, name] = [dirname(path), basename(path)]
  if (isSuspect(name)) refuseMangledName(parent, name, `${parent}/`)
  checkNames(parent)
}
