import { lstatSync, realpathSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { join, sep } from 'node:path'
import { callSystem, describeOsError, osCodeOf } from '../errors.js'
import { fingerprintOf, type Fingerprint } from './fingerprint.js'
import { absenceOf, isSafeComponent, isWithin } from './inside.js'

/** The target of a path below a root, with links followed. */
export type Resolved =
  | { kind: 'file'; path: string; fingerprint: Fingerprint }
  | { kind: 'directory'; path: string }
  | { kind: 'missing' | 'outside' | 'link loop' | 'special file' }
  | { kind: 'unreadable'; reason: string }

/** Resolves path components below a root. Opens nothing. */
export type ResolveInside = (components: readonly string[]) => Resolved

/**
 * Creates a function that resolves paths below `root`. No components mean the root itself. Symbolic
 * links are followed.
 *
 * A path that leads out of the root is `outside`, by a link or by a component that is not a plain
 * name. A path that was found has no links, so opening it without following links is safe. A path
 * that the system refuses to examine is `unreadable`.
 *
 * With `followSymlinks`, links may lead anywhere.
 *
 * Directories are examined once, and each file with a single system call.
 *
 * @throws BtkitError `not-found`, `not-permitted` or `io` for the root
 */
export function makeInsideResolver(root: string, followSymlinks = false): ResolveInside {
  const realRoot = callSystem(root, () => realpathSync.native(root))
  const limit = followSymlinks ? null : realRoot
  const directories = new Map<string, Resolved>()

  function findDirectory(components: readonly string[]): Resolved {
    const path = [realRoot, ...components].join(sep)
    const known = directories.get(path)
    if (known) return known
    const found = resolveLinks(path, limit)
    directories.set(path, found)
    return found
  }

  return (components) => {
    const name = components.at(-1)
    if (name === undefined) return findDirectory([])
    if (!components.every(isSafeComponent)) return { kind: 'outside' }
    const directory = findDirectory(components.slice(0, -1))
    if (directory.kind === 'directory') return findEntry(join(directory.path, name), limit)
    return isFile(directory) ? { kind: 'missing' } : directory
  }
}

function isFile({ kind }: Resolved): boolean {
  return kind === 'file' || kind === 'special file'
}

/** Examines a path whose directory has no links in its path. */
function findEntry(path: string, limit: string | null): Resolved {
  return lookAt(() => {
    const stats = lstatSync(path, { bigint: true })
    return stats.isSymbolicLink() ? resolveLinks(path, limit) : describe(path, stats)
  })
}

/** Examines the target of a path, which must be inside `limit`. Null means no limit. */
function resolveLinks(path: string, limit: string | null): Resolved {
  return lookAt(() => {
    const real = realpathSync.native(path)
    if (limit !== null && !isWithin(real, limit)) return { kind: 'outside' }
    return describe(real, lstatSync(real, { bigint: true }))
  })
}

function describe(path: string, stats: BigIntStats): Resolved {
  if (stats.isFile()) return { kind: 'file', path, fingerprint: fingerprintOf(stats) }
  return stats.isDirectory() ? { kind: 'directory', path } : { kind: 'special file' }
}

function lookAt(look: () => Resolved): Resolved {
  try {
    return look()
  } catch (error) {
    const absence = absenceOf(error)
    if (absence !== null) return { kind: absence }
    if (!(error instanceof Error) || osCodeOf(error) === undefined) throw error
    return { kind: 'unreadable', reason: describeOsError(error) }
  }
}
