import { BtkitError, callSystem } from '../../errors.js'
import type { Target } from './link-policy.js'
import type { ScannedFile, SkippedEntry, SkipReason } from './scanned-tree.js'
import {
  asPrefix,
  directoryBelow,
  findName,
  readDirectory,
  rootDirectory,
  visitEntry,
  type Directory,
  type TreeEntry,
  type Walk,
} from './walk-tree.js'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { isSafeComponent } from '../inside.js'

/**
 * Adds paths and everything below them, each file once, in the given order. Their names are
 * accepted whatever they are, unless a pattern excludes them.
 * @throws BtkitError `not-found` for a missing path, `unsafe-path` for a path that leads out of
 *   the root, and as walkTree does
 */
export function walkChosen(walk: Walk, root: Target, paths: readonly string[]): void {
  const files = new Map<string, ScannedFile>()
  const skipped = new Map<string, SkippedEntry>()
  for (const path of paths) {
    const found: Walk = { ...walk, files: [], skipped: [] }
    walkTo(found, rootDirectory(root), componentsBelow(walk.root, path))
    for (const file of found.files) addOnce(files, file.path.join('/'), file)
    for (const entry of found.skipped) addOnce(skipped, entry.path, entry)
  }
  for (const file of files.values()) walk.files.push(file)
  for (const [path, entry] of skipped) if (!files.has(path)) walk.skipped.push(entry)
}

function addOnce<T>(all: Map<string, T>, path: string, value: T): void {
  if (!all.has(path)) all.set(path, value)
}

/** Adds the entry at a path below a directory. */
function walkTo(walk: Walk, directory: Directory, [name, ...below]: string[]): void {
  if (name === undefined) {
    readDirectory(walk, directory)
    return
  }
  const reason = visitPath(walk, { directory, name }, below)
  if (reason !== undefined) walk.skipped.push({ path: directory.relative + name, reason })
}

function visitPath(walk: Walk, entry: TreeEntry, below: string[]): SkipReason | undefined {
  const { directory, name } = entry
  const relative = directory.relative + name
  const place = asPrefix(walk.root, '/') + relative
  if (walk.filter?.excludes(relative)) return 'excluded'
  // A missing path is reported as missing: it was not found before, so it did not disappear
  const found = callSystem(place, () => findName(walk, directory, name))
  if (typeof found === 'string') return found
  if (below.length === 0) return visitEntry(walk, entry, found)
  if (!found.stats.isDirectory()) throw new BtkitError('not-found', `${place}: not a directory`)
  if (walk.filter?.excludes(`${relative}/`)) return 'excluded'
  walkTo(walk, directoryBelow(walk, entry, found), below)
  return undefined
}

/**
 * Returns the components below `root` of a chosen path, which is relative to the root or an
 * absolute path into it. No components mean the root itself.
 * @throws BtkitError `unsafe-path` for a path that leads elsewhere
 */
function componentsBelow(root: string, path: string): string[] {
  const inside = isAbsolute(path) ? relative(resolve(root), path).split(sep) : path.split('/')
  const components = inside.filter((component) => component !== '' && component !== '.')
  if (components.every(isSafeComponent)) return components
  throw new BtkitError('unsafe-path', `${path}: is not below ${root}`)
}
