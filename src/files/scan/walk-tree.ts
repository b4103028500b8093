import type { BigIntStats } from 'node:fs'
import { sep } from 'node:path'
import { fingerprintOf, readEncodedFingerprint } from '../fingerprint.js'
import { statFiles, type FingerprintTable } from '../stat-files.js'
import { attributesOf } from './scanned-tree.js'
import { findEntry, type Found, skipReasonOf } from './entry.js'
import type { LinkRules, Target } from './link-policy.js'
import type { NameFilter } from './name-filter.js'
import { isSuspect, printableName, readNames } from './read-names.js'
import type { ScannedFile, SkippedEntry, SkipReason } from './scanned-tree.js'
import { storedLink } from './link-policy.js'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'

/** The state of a walk: its options and its results. */
export interface Walk {
  /** The root as given by the caller, for messages. */
  root: string
  all: boolean
  /** Whether to record attributes of files. */
  attributes: boolean
  links: LinkRules
  filter: NameFilter | undefined
  files: ScannedFile[]
  skipped: SkippedEntry[]
}

/** A directory to read. Its paths end with a separator, so that names can be appended. */
export interface Directory {
  components: string[]
  relative: string
  absolute: string
  /** Whether an include pattern matched it or a directory above it. */
  isIncluded: boolean
  stats: BigIntStats
  parent: Directory | undefined
}

/** A name in a directory. */
export interface TreeEntry {
  directory: Directory
  name: string
}

/** Adds everything below a root directory to the walk's files and skipped entries, in order. */
export function walkTree(walk: Walk, root: Target): void {
  readDirectory(walk, rootDirectory(root))
}

/** Returns the root as a directory to read. */
export function rootDirectory(root: Target): Directory {
  return {
    components: [],
    relative: '',
    absolute: asPrefix(root.path, sep),
    isIncluded: false,
    stats: root.stats,
    parent: undefined,
  }
}

/** Adds everything below a directory. */
export function readDirectory(walk: Walk, directory: Directory): void {
  const names = attempt(walk, withoutSlash(directory.relative), () => readNames(directory.absolute))
  const reasons = names.map((name) => reasonByName(walk, directory, name))
  const looks = lookAtFiles(
    walk,
    directory,
    names.filter((_, i) => reasons[i] === undefined),
  )
  let looked = 0
  for (const [i, name] of names.entries()) {
    const entry = { directory, name }
    const reason = reasons[i] ?? visitLooked(walk, entry, looks.at(looked++))
    if (reason === undefined) continue
    const path = directory.relative + printableName(directory.absolute, name)
    walk.skipped.push({ path, reason })
  }
}

function reasonByName(walk: Walk, directory: Directory, name: string): SkipReason | undefined {
  const reason = skipReasonOf(name, walk.all)
  return reason ?? (walk.filter?.excludes(directory.relative + name) ? 'excluded' : undefined)
}

/**
 * Returns the fingerprints of the regular files with a single call. Not used if attributes are
 * recorded.
 */
function lookAtFiles(
  { attributes }: Walk,
  { absolute }: Directory,
  names: readonly string[],
): FingerprintTable {
  return statFiles(absolute, attributes ? [] : names)
}

/** Visits an entry. `look` is its fingerprint if it is a plain file. */
function visitLooked(
  walk: Walk,
  entry: TreeEntry,
  look: Uint8Array | null,
): SkipReason | undefined {
  const { directory, name } = entry
  const relative = directory.relative + name
  if (look && !isSuspect(name)) {
    const absolutePath = directory.absolute + name
    const view = new DataView(look.buffer, look.byteOffset)
    const fingerprint = readEncodedFingerprint(view, 0)
    return addFile(walk, entry, {
      path: [...directory.components, name],
      absolutePath,
      fingerprint,
    })
  }
  const found = attempt(walk, relative, () => findName(walk, directory, name))
  if (typeof found === 'string') return found
  return visitEntry(walk, entry, found)
}

/**
 * Examines a name. Returns its target, or the reason for leaving it out. Throws system errors
 * unchanged.
 */
export function findName(
  walk: Walk,
  { absolute, relative }: Directory,
  name: string,
): Found | SkipReason {
  const place = asPrefix(walk.root, '/') + relative
  return findEntry({ directory: absolute, name, place }, walk.links)
}

/** Adds a file, or everything below a directory; or returns the reason for leaving it out. */
export function visitEntry(walk: Walk, entry: TreeEntry, found: Found): SkipReason | undefined {
  if (found.stats.isFile() || found.symlinkPath) return visitFile(walk, entry, found)
  if (found.stats.isDirectory()) return visitDirectory(walk, entry, found)
  return 'not a regular file'
}

function visitFile(walk: Walk, entry: TreeEntry, found: Found): SkipReason | undefined {
  const { directory, name } = entry
  return addFile(walk, entry, describe([...directory.components, name], found, walk))
}

function addFile(
  walk: Walk,
  { directory, name }: TreeEntry,
  file: ScannedFile,
): SkipReason | undefined {
  const isIncluded = directory.isIncluded || includes(walk, directory.relative + name)
  if (!isIncluded) return 'not included'
  walk.files.push(file)
  return undefined
}

function describe(path: string[], found: Found, { attributes }: Walk): ScannedFile {
  if (found.symlinkPath) return storedLink(path, found.symlinkPath, found)
  const file = { path, absolutePath: found.path, fingerprint: fingerprintOf(found.stats) }
  if (!attributes) return file
  return { ...file, attributes: attributesOf(path.at(-1) ?? '', found.stats) }
}

function visitDirectory(walk: Walk, entry: TreeEntry, found: Found): SkipReason | undefined {
  const { directory, name } = entry
  const relative = `${directory.relative}${name}/`
  if (walk.filter?.excludes(relative)) return 'excluded'
  if (found.isLink && isAmong(directory, found.stats)) return 'link loop'
  readDirectory(walk, directoryBelow(walk, entry, found))
  return undefined
}

/** Returns a directory inside another one. */
export function directoryBelow(
  walk: Walk,
  { directory, name }: TreeEntry,
  found: Found,
): Directory {
  const relative = `${directory.relative}${name}/`
  return {
    components: [...directory.components, name],
    relative,
    absolute: asPrefix(found.path, sep),
    isIncluded: directory.isIncluded || includes(walk, relative),
    stats: found.stats,
    parent: directory,
  }
}

function includes(walk: Walk, relative: string): boolean {
  return walk.filter === undefined || walk.filter.includes(relative)
}

/** Whether `stats` belong to a directory or to one above it. */
function isAmong(directory: Directory | undefined, stats: BigIntStats): boolean {
  for (let at = directory; at !== undefined; at = at.parent) {
    if (at.stats.ino === stats.ino && at.stats.dev === stats.dev) return true
  }
  return false
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/**
 * Calls `act`, and adds the entry at `relative` to its errors.
 * @throws BtkitError `changed` for an entry that disappeared, and for system errors as
 *   asBtkitError does
 */
function attempt<T>({ root }: { readonly root: string }, relative: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw failureAt(relative === '' ? root : asPrefix(root, '/') + relative, error)
  }
}

/**
 * Reports a file that disappeared. It may have been renamed to a name that the scan has passed, and
 * would be missed.
 */
function failureAt(place: string, error: unknown): unknown {
  const code = osCodeOf(error)
  const isGone = code === 'ENOENT' || code === 'ENOTDIR'
  if (!isGone) return asBtkitError(error, place)
  return new BtkitError('changed', `${place}: disappeared during the scan; try again`, {
    cause: error,
  })
}

/** Appends a separator to a path that has none. */
export function asPrefix(path: string, separator: string): string {
  return path.endsWith(separator) ? path : path + separator
}
