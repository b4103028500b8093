import { realpathSync, statSync, type BigIntStats } from 'node:fs'
import { osCodeOf } from '../../errors.js'
import { isWithin } from '../inside.js'
import { isSuspect } from './read-names.js'
import type { LinkPolicy, SkipReason, ScannedFile, SkippedEntry } from './scanned-tree.js'
import { relative, sep } from 'node:path'
import { fingerprintOf } from '../fingerprint.js'

/** The target of a name, with links followed. */
export interface Target {
  /** The real path to open. */
  path: string
  stats: BigIntStats
}

/** A link that is not followed, with the components of its target below the root. */
interface StoredTarget extends Target {
  symlinkPath: string[]
}

/** The links to follow, and the real path of the root. */
export interface LinkRules {
  policy: LinkPolicy
  realRoot: string
}

/**
 * Follows a symbolic link, or returns the reason for leaving it out. Throws other system errors
 * unchanged.
 */
export function followLink(link: Target, rules: LinkRules): Target | StoredTarget | SkipReason {
  if (rules.policy === 'skip') return 'link'
  try {
    if (rules.policy === 'store') return storeLink(link, rules)
    return followInside(link.path, rules)
  } catch (error) {
    return reasonOf(error, rules.policy)
  }
}

function storeLink(link: Target, { realRoot }: LinkRules): StoredTarget | SkipReason {
  const symlinkPath = targetBelow(link.path, realRoot)
  return typeof symlinkPath === 'string' ? symlinkPath : { ...link, symlinkPath }
}

function followInside(link: string, rules: LinkRules): Target | SkipReason {
  const real = realpathSync.native(link)
  if (rules.policy === 'inside' && !isWithin(real, rules.realRoot)) return 'link leads outside'
  return resolveTo(real, link)
}

/**
 * Returns the target of `named`, whose real path is `real`. A path that Node mangled cannot be
 * opened, so `named` is used instead.
 */
export function resolveTo(real: string, named: string): Target {
  const path = isSuspect(real) ? named : real
  return { path, stats: statSync(path, { bigint: true }) }
}

function reasonOf(error: unknown, policy: LinkPolicy): SkipReason {
  const code = osCodeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'broken link'
  if (code === 'ELOOP') return 'link loop'
  // Unreadable entries inside the tree already caused an error, so this one is outside
  if (code === 'EACCES' && policy !== 'follow') return 'link leads outside'
  throw error
}

/**
 * Returns the components of a link's final target below a real root, so that no client must follow
 * another link. Returns the reason if the link cannot be stored. Throws other system errors
 * unchanged.
 */
function targetBelow(link: string, realRoot: string): string[] | SkipReason {
  const real = realpathSync.native(link)
  if (!isWithin(real, realRoot)) return 'link leads outside'
  return real === realRoot ? 'link loop' : relative(realRoot, real).split(sep)
}

/** Describes a symbolic link as an entry without bytes (BEP 47). */
export function storedLink(
  path: string[],
  target: string[],
  link: { readonly path: string; readonly stats: BigIntStats },
): ScannedFile {
  const fingerprint = { ...fingerprintOf(link.stats), size: 0 }
  return { path, absolutePath: link.path, fingerprint, attributes: 'l', symlinkPath: target }
}

/**
 * Removes links whose target is neither among the files nor one of their directories: they would be
 * broken after every download.
 */
export function dropDanglingLinks(files: readonly ScannedFile[]): {
  readonly files: ScannedFile[]
  readonly skipped: SkippedEntry[]
} {
  const places = new Set(files.flatMap(({ path }) => path.map((_, i) => joined(path, i + 1))))
  const isDangling = ({ symlinkPath }: ScannedFile) =>
    symlinkPath !== undefined && !places.has(joined(symlinkPath, symlinkPath.length))
  const left = files.filter(isDangling)
  return {
    files: files.filter((file) => !isDangling(file)),
    skipped: left.map(({ path }) => ({
      path: joined(path, path.length),
      reason: 'link to a skipped entry',
    })),
  }
}

function joined(path: readonly string[], length: number): string {
  return path.slice(0, length).join('/')
}
