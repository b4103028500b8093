import { lstatSync } from 'node:fs'
import { sep } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { fingerprintOf, type Fingerprint } from '../fingerprint.js'
import { attributesOf } from './scanned-tree.js'
import { followLink, type LinkRules, type Target } from './link-policy.js'
import { isSuspect, readNames, refuseMangledName } from './read-names.js'
import type { SkipReason } from './scanned-tree.js'
import { isTemporaryName } from '../temporary-name.js'

/**
 * Names that nobody publishes on purpose: those that BitTornado left out (a core dump, a CVS
 * directory), and files that operating systems create.
 */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  'core',
  'CVS',
  '.DS_Store',
  'Thumbs.db',
  'thumbs.db',
  'desktop.ini',
  'Desktop.ini',
  'lost+found',
  '$RECYCLE.BIN',
  'System Volume Information',
])

const DOT = 0x2e

/** An entry of a directory, with links followed. */
type Entry =
  | {
      readonly kind: 'file'
      readonly absolutePath: string
      readonly fingerprint: Fingerprint
      readonly attributes: string
    }
  | { readonly kind: 'directory'; readonly absolutePath: string }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }

/**
 * Lists all names in a directory, sorted by bytes.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function listNames(directory: string): string[] {
  try {
    return readNames(directory)
  } catch (error) {
    throw asBtkitError(error, directory)
  }
}

/** Filters names to those that a person means to publish. `all` is as in ScanOptions. */
export function publishedNames(names: readonly string[], all: boolean): string[] {
  return names.filter((name) => skipReasonOf(name, all) === undefined)
}

/** Whether all names are hidden. */
export function holdsNothing(names: readonly string[]): boolean {
  return names.every((name) => name.startsWith('.'))
}

/**
 * Examines a name in the directory `rules.realRoot`. The entry counts as its own root, so links are
 * never stored.
 * @throws BtkitError `bad-name` for a name that is not UTF-8, `not-found`, `not-permitted` or
 *   `io`
 */
export function openEntry(name: string, rules: LinkRules): Entry {
  const directory = rules.realRoot.endsWith(sep) ? rules.realRoot : rules.realRoot + sep
  try {
    const policy = rules.policy === 'store' ? 'inside' : rules.policy
    const found = findEntry({ directory, name, place: directory }, { ...rules, policy })
    return typeof found === 'string' ? { kind: 'skipped', reason: found } : describe(name, found)
  } catch (error) {
    throw asBtkitError(error, directory + name)
  }
}

function describe(name: string, { path, stats }: Found): Entry {
  if (stats.isFile()) {
    const fingerprint = fingerprintOf(stats)
    return { kind: 'file', absolutePath: path, fingerprint, attributes: attributesOf(name, stats) }
  }
  if (stats.isDirectory()) return { kind: 'directory', absolutePath: path }
  return { kind: 'skipped', reason: 'not a regular file' }
}

/** A name in a directory. Both paths of the directory end with a separator. */
interface EntryName {
  readonly directory: string
  readonly name: string
  /** The directory's name in errors. */
  readonly place: string
}

/** The file or directory that an entry leads to. */
export interface Found extends Target {
  isLink: boolean
  /** For a link that is stored as a link: its target. Path and stats are then those of the link. */
  symlinkPath?: string[]
}

/**
 * Examines a name. Returns its target, or the reason for leaving it out. Throws system errors
 * unchanged.
 * @throws BtkitError `bad-name` for a name that is not UTF-8
 */
export function findEntry(
  { directory, name, place }: EntryName,
  rules: LinkRules,
): Found | SkipReason {
  if (isSuspect(name)) refuseMangledName(directory, name, place)
  const path = directory + name
  const stats = lstatSync(path, { bigint: true })
  if (!stats.isSymbolicLink()) return { path, stats, isLink: false }
  const target = followLink({ path, stats }, rules)
  return typeof target === 'string' ? target : { ...target, isLink: true }
}

/**
 * Why an entry is left out because of its name; undefined if it is not. With `all` only temporary
 * files of btkit are left out.
 */
export function skipReasonOf(name: string, all: boolean): SkipReason | undefined {
  if (isTemporaryName(name)) return 'temporary file'
  if (all) return undefined
  if (SYSTEM_NAMES.has(name)) return 'system'
  return name.charCodeAt(0) === DOT ? 'hidden' : undefined
}
