import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { readlink, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { statIfThere } from '../stat-files.js'

/** The target of a write. */
export interface WriteTarget {
  /** A stream is a terminal, a pipe or the like, which has no content to replace. */
  kind: 'file' | 'stream'
  /** The path to write to; for a file with links resolved. */
  path: string
  /** The permission bits of the existing file; undefined for a new one. */
  mode: number | undefined
}

/** Paths of a process's own open files. Replacing one would break it. */
const DESCRIPTOR = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/

const PERMISSION_BITS = 0o777

/**
 * Finds the target of a write. Follows links, even dangling ones.
 *
 * @throws BtkitError `io` for a path that cannot be written to, and as statIfThere; other system
 *   errors unchanged
 */
export async function findWriteTarget(target: string): Promise<WriteTarget> {
  const plain = findPlainTarget(target)
  if (plain !== null) return plain
  const stats = statIfThere(target)
  if (stats === null) {
    return { kind: 'file', path: await resolveMissing(target), mode: undefined }
  }
  if (stats.isDirectory()) throw new BtkitError('io', `${target}: is a directory`)
  const mode = stats.mode & PERMISSION_BITS
  const isStream = stats.isFIFO() || stats.isCharacterDevice() || DESCRIPTOR.test(target)
  if (isStream) return { kind: 'stream', path: target, mode }
  if (!stats.isFile()) throw new BtkitError('io', `${target}: not a regular file`)
  return { kind: 'file', path: realpathSync.native(target), mode }
}

/** Returns the target if it is a plain file or missing; null if it needs closer examination. */
export function findPlainTarget(target: string): WriteTarget | null {
  const entry = lookAt(target)
  if (entry?.isFile()) return { kind: 'file', path: target, mode: entry.mode & PERMISSION_BITS }
  if (entry === undefined) return { kind: 'file', path: target, mode: undefined }
  return null
}

/**
 * Returns the path of the file that a write to `target` would create. For a dangling link it is
 * elsewhere.
 */
async function resolveMissing(target: string): Promise<string> {
  if (!isLink(target)) return target
  const next = resolve(await realpath(dirname(target)), await readlink(target))
  return resolveMissing(next)
}

/**
 * Examines an entry without following links; undefined if it does not exist, null if it cannot be
 * examined.
 */
function lookAt(path: string): Stats | undefined | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    // The next examination or write reports the error
    return null
  }
}

function isLink(path: string): boolean {
  return lookAt(path)?.isSymbolicLink() ?? false
}
