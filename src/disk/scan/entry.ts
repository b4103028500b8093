import { lstatSync, realpathSync, statSync, type BigIntStats } from 'node:fs'
import { sep, relative } from 'node:path'
import { asBtkitError, osCodeOf } from '../../base/errors.js'
import { fingerprintOf } from '../file-lists/fingerprint.js'
import {
  attributesOf,
  type ScanSkipReason,
  type ScanOptions,
  type LinkPolicy,
  type SkippedEntry,
} from './scanned-tree.js'
import { isSuspect, refuseMangledName } from '../look/read-names.js'
import { isTemporaryName } from '../write/temporary-files.js'
import type { NameFilter } from './glob.js'
import { isWithin } from '../look/inside.js'
import type { FileColumns } from '../file-lists/columns.js'
import type { NameColumn } from '../file-lists/name-column.js'

/**
 * Names of files and directories that systems create, which nobody publishes on purpose, in lower
 * case: Windows writes the same name in several ways. Others begin with a dot, and are hidden.
 */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  // Windows
  'thumbs.db',
  'ehthumbs.db',
  'ehthumbs_vista.db',
  'desktop.ini',
  '$recycle.bin',
  'system volume information',
  // macOS
  '.ds_store',
  'icon\r',
  '__macosx',
  'network trash folder',
  'temporary items',
  // Synology and QNAP: indexes, recycle bins and snapshots
  '@eadir',
  '@tmp',
  '#recycle',
  '#snapshot',
  '@recycle',
  '@recently-snapshot',
  '@transcode',
  // File systems, and snapshots of NetApp
  'lost+found',
  '~snapshot',
])

/** Names that BitTornado left out: a core dump, and a directory of CVS. */
const LEGACY_NAMES: ReadonlySet<string> = new Set(['core', 'CVS'])

const DOT = 0x2e

/** The directory that an entry is or leads to. */
export interface OpenedDirectory {
  readonly kind: 'directory'
  readonly absolutePath: string
  /** Absent if it was only listed. */
  readonly stats?: BigIntStats
}

/**
 * Examines a name in the directory `rules.realRoot`. The entry counts as its own root, so links are
 * never stored.
 * @throws BtkitError `bad-name` for a name that is not UTF-8, `not-found`, `not-permitted` or
 *   `io`
 */
export function openEntry(name: string, rules: LinkRules) {
  const directory = rules.realRoot.endsWith(sep) ? rules.realRoot : rules.realRoot + sep
  try {
    const policy = rules.policy === 'store' ? 'inside' : rules.policy
    const found = findEntry(directory, name, directory, { ...rules, policy })
    if (typeof found === 'string') return { kind: 'skipped', reason: found } as const
    const { path: absolutePath, stats } = found
    if (stats.isDirectory()) return { kind: 'directory', absolutePath, stats } as const
    if (!stats.isFile()) return { kind: 'skipped', reason: 'not a regular file' } as const
    const [fingerprint, attributes] = [fingerprintOf(stats), attributesOf(name, stats)]
    return { kind: 'file', absolutePath, fingerprint, attributes } as const
  } catch (error) {
    throw asBtkitError(error, directory + name)
  }
}

/** The file or directory that an entry leads to. */
export interface Found extends Target {
  isLink: boolean
  /** For a link that is stored as a link: its target. Path and stats are then those of the link. */
  symlinkPath?: string[]
}

/**
 * Examines a name. Returns its target, or the reason for leaving it out. Throws system errors
 * unchanged. Both `directory` and `place`, its name in errors, end with a separator.
 * @throws BtkitError `bad-name` for a name that is not UTF-8
 */
export function findEntry(
  directory: string,
  name: string,
  place: string,
  rules: LinkRules,
): Found | ScanSkipReason {
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
export function skipReasonOf(
  name: string,
  { all, isLegacy }: Pick<ScanOptions, 'all' | 'isLegacy'>,
): ScanSkipReason | undefined {
  if (isTemporaryName(name)) return 'temporary file'
  if (all) return undefined
  if (SYSTEM_NAMES.has(name.toLowerCase()) || (isLegacy && LEGACY_NAMES.has(name))) return 'system'
  return name.charCodeAt(0) === DOT ? 'hidden' : undefined
}

/**
 * Returns whether skipReasonOf certainly has no reason for a name of a column. To ask by the first
 * byte and the length saves very many strings.
 */
export function isOrdinary({ bytes, starts }: NameColumn, i: number): boolean {
  const start = starts[i] ?? 0
  const first = bytes[start] ?? DOT
  if (first === DOT) return false
  return !LENGTHS_BY_FIRST[first]?.has((starts[i + 1] ?? 0) - 1 - start)
}

/** The lengths of all names above by their first byte. */
const LENGTHS_BY_FIRST: (Set<number> | undefined)[] = []
for (const name of [...SYSTEM_NAMES, ...LEGACY_NAMES]) {
  for (const spelling of [name, name.toUpperCase()]) {
    const lengths = (LENGTHS_BY_FIRST[spelling.charCodeAt(0)] ??= new Set())
    lengths.add(name.length)
  }
}

/**
 * Returns the filter for patterns, or undefined if there are none.
 * @throws BtkitError `usage` for a bad glob
 */
export async function loadNameFilter({
  include,
  exclude,
}: Pick<ScanOptions, 'include' | 'exclude'>): Promise<NameFilter | undefined> {
  if (include.length === 0 && exclude.length === 0) return undefined
  const { compileNameFilter } = await import('./glob.js')
  return compileNameFilter(include, exclude)
}

/** The target of a name, with links followed. */
export interface Target {
  /** The real path to open. */
  path: string
  stats: BigIntStats
}

/** The links to follow, and the real path of the root. */
export interface LinkRules {
  policy: LinkPolicy
  realRoot: string
}

/**
 * Follows a symbolic link, or returns the reason for leaving it out. A link is stored with the
 * components of its final target, so that no client must follow another link. Throws other system
 * errors unchanged.
 */
function followLink(
  link: Target,
  { policy, realRoot }: LinkRules,
): Omit<Found, 'isLink'> | ScanSkipReason {
  if (policy === 'skip') return 'link'
  try {
    const real = realpathSync.native(link.path)
    if (policy !== 'follow' && !isWithin(real, realRoot)) return 'link leads outside'
    if (policy !== 'store') return resolveTo(real, link.path)
    if (real === realRoot) return 'link loop'
    return { ...link, symlinkPath: relative(realRoot, real).split(sep) }
  } catch (error) {
    const code = osCodeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'broken link'
    if (code === 'ELOOP') return 'link loop'
    // Unreadable entries inside the tree already caused an error, so this one is outside
    if (code === 'EACCES' && policy !== 'follow') return 'link leads outside'
    throw error
  }
}

/**
 * Returns the target of `named`, whose real path is `real`. A path that Node mangled cannot be
 * opened, so `named` is used instead. `stats` are its state if that is known.
 */
export function resolveTo(real: string, named: string, stats?: Target['stats']): Target {
  const path = isSuspect(real) ? named : real
  return { path, stats: stats ?? statSync(path, { bigint: true }) }
}

/**
 * Removes links whose target is neither among the files nor one of their directories: they would be
 * broken after every download.
 */
export function dropDanglingLinks(files: FileColumns): {
  readonly files: FileColumns
  readonly skipped: SkippedEntry[]
} {
  if (!files.store.links) return { files, skipped: [] }
  const places = new Set<string>()
  for (const { path } of files) path.forEach((_, i) => places.add(joined(path, i + 1)))
  const skipped: SkippedEntry[] = []
  const kept = files.filter((i) => {
    const target = files.symlinkAt(i)
    if (target === undefined || places.has(joined(target, target.length))) return true
    skipped.push({ path: files.pathAt(i).join('/'), reason: 'link to a skipped entry' })
    return false
  })
  return { files: kept, skipped }
}

function joined(path: readonly string[], length: number): string {
  return path.slice(0, length).join('/')
}
