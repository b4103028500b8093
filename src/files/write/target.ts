import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { readlink, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { statIfThere } from '../stat-files.js'

/** What a name to write to stands for. */
export interface WriteTarget {
  /** a stream is a terminal, a pipe or the like: there is nothing to replace in it */
  kind: 'file' | 'stream'
  /** what to write to, links resolved for a file */
  path: string
  /** the permission bits of what is there; undefined for a file yet to be */
  mode: number | undefined
}

/** The names under which a process finds its own open files; to replace one would cut it off. */
const DESCRIPTOR = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/

const PERMISSION_BITS = 0o777

/**
 * Finds out what `target` stands for, links followed, even one to a file yet to be.
 *
 * @throws BtkitError `io` for what can't be written to, and those of statIfThere; other errors of the
 * system as they are
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

/** What `target` stands for when it is a file or nothing; null for all that is to be looked at closer. */
export function findPlainTarget(target: string): WriteTarget | null {
  const entry = lookAt(target)
  if (entry?.isFile()) return { kind: 'file', path: target, mode: entry.mode & PERMISSION_BITS }
  if (entry === undefined) return { kind: 'file', path: target, mode: undefined }
  return null
}

/** The file that writing to `target` would make, which is elsewhere if it is a dangling link. */
async function resolveMissing(target: string): Promise<string> {
  if (!isLink(target)) return target
  const next = resolve(await realpath(dirname(target)), await readlink(target))
  return resolveMissing(next)
}

/** What lies there, links not followed; undefined for nothing, null when that can't be told. */
function lookAt(path: string): Stats | undefined | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    // Whoever asks again, or writes there, will say what is wrong with it
    return null
  }
}

function isLink(path: string): boolean {
  return lookAt(path)?.isSymbolicLink() ?? false
}
