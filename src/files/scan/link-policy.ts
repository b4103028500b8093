import { realpathSync, statSync, type BigIntStats } from 'node:fs'
import { osCodeOf } from '../../errors.js'
import { isWithin } from '../inside.js'
import { isSuspect } from './read-names.js'
import type { LinkPolicy, SkipReason, ScannedFile, SkippedEntry } from './scanned-tree.js'
import { relative, sep } from 'node:path'
import { fingerprintOf } from '../fingerprint.js'

/** What a name stands for, links followed. */
export interface Target {
  /** what to open: the real path */
  path: string
  stats: BigIntStats
}

/** What a link that is not followed leads to, by its components below the root. */
interface StoredTarget extends Target {
  symlinkPath: string[]
}

/** Which links to follow, and the real path of the root that they may have to stay in. */
export interface LinkRules {
  policy: LinkPolicy
  realRoot: string
}

/** Where a symbolic link leads, or why not to go there. Throws other system errors as they are. */
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

/** What `named` stands for, whose real path is `real`: one that Node mangled can't be opened. */
export function resolveTo(real: string, named: string): Target {
  const path = isSuspect(real) ? named : real
  return { path, stats: statSync(path, { bigint: true }) }
}

function reasonOf(error: unknown, policy: LinkPolicy): SkipReason {
  const code = osCodeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'broken link'
  if (code === 'ELOOP') return 'link loop'
  // What can't be read inside the tree has been an error before this, so this lies outside
  if (code === 'EACCES' && policy !== 'follow') return 'link leads outside'
  throw error
}

/**
 * The components below a real root of what a symbolic link stands for in the end, so that no client
 * has to follow another link; or why it can't be stored. Throws other system errors as they are.
 */
function targetBelow(link: string, realRoot: string): string[] | SkipReason {
  const real = realpathSync.native(link)
  if (!isWithin(real, realRoot)) return 'link leads outside'
  return real === realRoot ? 'link loop' : relative(realRoot, real).split(sep)
}

/** A symbolic link as an entry of its own (BEP 47), which has no bytes. */
export function storedLink(
  path: string[],
  target: string[],
  link: { readonly path: string; readonly stats: BigIntStats },
): ScannedFile {
  const fingerprint = { ...fingerprintOf(link.stats), size: 0 }
  return { path, absolutePath: link.path, fingerprint, attributes: 'l', symlinkPath: target }
}

/**
 * Leaves out the links to what is not among the files, nor a directory of any: they would be broken
 * wherever the torrent is downloaded.
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
      reason: 'link to what is left out',
    })),
  }
}

function joined(path: readonly string[], length: number): string {
  return path.slice(0, length).join('/')
}
