import type { BigIntStats } from 'node:fs'
import { sep } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { fingerprintOf } from '../fingerprint.js'
import { findEntry, type Found } from './entry.js'
import type { LinkRules, Target } from './link-policy.js'
import type { NameFilter } from './name-filter.js'
import { readNames } from './read-names.js'
import type { ScannedFile, SkippedEntry, SkipReason } from './scanned-tree.js'
import { skipReasonOf } from './skip-rules.js'

/** A walk under way: what it obeys, and what it has found. */
export interface Walk {
  /** the root as it was given, for people */
  root: string
  all: boolean
  links: LinkRules
  filter: NameFilter | undefined
  files: ScannedFile[]
  skipped: SkippedEntry[]
}

/** A directory to read. Its paths end in a separator, so that a name only needs appending. */
interface Directory {
  components: string[]
  relative: string
  absolute: string
  /** whether an include pattern matched it or a directory above */
  isIncluded: boolean
  stats: BigIntStats
  parent: Directory | undefined
}

/** A name in a directory. */
interface Entry {
  directory: Directory
  name: string
}

/** Adds all below a root directory to the walk's files and skipped entries, in order. */
export function walkTree(walk: Walk, root: Target): void {
  readDirectory(walk, {
    components: [],
    relative: '',
    absolute: asPrefix(root.path, sep),
    isIncluded: false,
    stats: root.stats,
    parent: undefined,
  })
}

function readDirectory(walk: Walk, directory: Directory): void {
  const names = attempt(walk, withoutSlash(directory.relative), () => readNames(directory.absolute))
  for (const name of names) {
    const reason = visitName(walk, directory, name)
    if (reason !== undefined) walk.skipped.push({ path: directory.relative + name, reason })
  }
}

function visitName(walk: Walk, directory: Directory, name: string): SkipReason | undefined {
  const relative = directory.relative + name
  const reason = skipReasonOf(name, walk.all)
  if (reason !== undefined) return reason
  if (walk.filter?.excludes(relative)) return 'excluded'
  const found = attempt(walk, relative, () => find(walk, directory, name))
  if (typeof found === 'string') return found
  return visitEntry(walk, { directory, name }, found)
}

function find(walk: Walk, { absolute, relative }: Directory, name: string): Found | SkipReason {
  const place = asPrefix(walk.root, '/') + relative
  return findEntry({ directory: absolute, name, place }, walk.links)
}

function visitEntry(walk: Walk, entry: Entry, found: Found): SkipReason | undefined {
  if (found.stats.isFile()) return visitFile(walk, entry, found)
  if (found.stats.isDirectory()) return visitDirectory(walk, entry, found)
  return 'not a regular file'
}

function visitFile(walk: Walk, entry: Entry, found: Found): SkipReason | undefined {
  const { directory, name } = entry
  const isIncluded = directory.isIncluded || includes(walk, directory.relative + name)
  if (!isIncluded) return 'not included'
  walk.files.push({
    path: [...directory.components, name],
    absolutePath: found.path,
    fingerprint: fingerprintOf(found.stats),
  })
  return undefined
}

function visitDirectory(walk: Walk, entry: Entry, found: Found): SkipReason | undefined {
  const { directory, name } = entry
  const relative = `${directory.relative}${name}/`
  if (walk.filter?.excludes(relative)) return 'excluded'
  if (found.isLink && isAmong(directory, found.stats)) return 'link loop'
  readDirectory(walk, {
    components: [...directory.components, name],
    relative,
    absolute: asPrefix(found.path, sep),
    isIncluded: directory.isIncluded || includes(walk, relative),
    stats: found.stats,
    parent: directory,
  })
  return undefined
}

function includes(walk: Walk, relative: string): boolean {
  return walk.filter === undefined || walk.filter.includes(relative)
}

/** Whether `stats` are those of a directory or of one above it. */
function isAmong(directory: Directory | undefined, stats: BigIntStats): boolean {
  for (let at = directory; at !== undefined; at = at.parent) {
    if (at.stats.ino === stats.ino && at.stats.dev === stats.dev) return true
  }
  return false
}

/** What `act` returns; its failure is said of the entry at `relative`. */
function attempt<T>(walk: Walk, relative: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const place = relative === '' ? walk.root : asPrefix(walk.root, '/') + relative
    throw failureAt(place, error)
  }
}

/** A file that disappeared may have got a name that the scan has passed, and would be left out. */
function failureAt(place: string, error: unknown): unknown {
  const code = osCodeOf(error)
  const isGone = code === 'ENOENT' || code === 'ENOTDIR'
  if (!isGone) return asBtkitError(error, place)
  return new BtkitError('changed', `${place}: disappeared during the scan`, { cause: error })
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function asPrefix(path: string, separator: string): string {
  return path.endsWith(separator) ? path : path + separator
}
