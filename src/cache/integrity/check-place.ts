import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  describeDistrust,
  describeGroupDistrust,
  describeWayDistrust,
} from '../../text/distrust.js'
import { escapeText } from '../../text/escape.js'
import { markPath } from './opened-file.js'

const OPTION = '--cache-dir'

/**
 * Makes sure that no other user can replace the cache's file or the files beside it. They must be
 * regular files with one hard link: LMDB follows links, writes to their targets, and crashes on
 * pipes.
 * @throws Error that says what is wrong and what to do
 */
export function checkPlace(path: string): void {
  const distrust = describeDirectory(dirname(path))
  if (distrust !== null) throw new Error(distrust)
  for (const file of [path, markPath(path)]) checkFile(file)
  const lock = `${path}-lock`
  checkFile(lock, () => countDrafts(lock))
}

/**
 * Explains why this user should neither rely on a cache directory nor change it: other users could
 * have replaced its files. Returns null if the directory can be trusted.
 * @throws Error of the system if the directory cannot be examined
 */
export function describeDirectory(directory: string): string | null {
  const user = process.geteuid?.()
  const stats = statSync(directory)
  const distrust = describeDistrust(stats, user, OPTION)
  if (distrust !== null || user !== 0) return distrust
  return describeGroupDistrust(stats, OPTION) ?? describeWay(realpathSync(directory))
}

/** Explains the same for the directories above a real path. */
function describeWay(path: string): string | null {
  const parent = dirname(path)
  if (parent === path) return null
  return describeWayDistrust(statSync(parent), escapeText(parent), OPTION) ?? describeWay(parent)
}

/** Checks a file if it exists. `countMore` returns how many additional hard links it may have. */
function checkFile(path: string, countMore = () => 0): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return
  const name = basename(path)
  if (!stats.isFile()) throw new Error(`${name}: not a regular file; remove it`)
  if (stats.nlink <= 1 + countMore()) return
  // The process that created it may have removed the other name meanwhile
  const again = lstatSync(path, { throwIfNoEntry: false })
  if (again && again.nlink > 1 + countMore())
    throw new Error(`${name}: has other names (hard links); remove it`)
}

/**
 * Counts the hard links that a lock file has from its creation: each is a draft that was linked to
 * it.
 */
function countDrafts(lock: string): number {
  const inode = lstatSync(lock, { throwIfNoEntry: false })?.ino
  const prefix = `${basename(lock)}-`
  return readdirSync(dirname(lock))
    .filter((name) => name.startsWith(prefix))
    .map((name) => lstatSync(join(dirname(lock), name), { throwIfNoEntry: false })?.ino)
    .filter((ino) => ino !== undefined && ino === inode).length
}
