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
 * Makes sure that a cache's file, and those beside it, are where nobody else can swap them, and are
 * regular files of one name: LMDB follows links, writes to what they lead to, and dies of pipes.
 * @throws Error that says what is wrong, and what to do
 */
export function checkPlace(path: string): void {
  const distrust = describeDirectory(dirname(path))
  if (distrust !== null) throw new Error(distrust)
  for (const file of [path, markPath(path)]) checkFile(file)
  const lock = `${path}-lock`
  checkFile(lock, () => countDrafts(lock))
}

/**
 * Why this user should not rely on what is in a cache's directory, nor change anything there, as
 * others could have swapped it; null when nothing speaks against it.
 * @throws Error of the system when the directory can't be looked at
 */
export function describeDirectory(directory: string): string | null {
  const user = process.geteuid?.()
  const stats = statSync(directory)
  const distrust = describeDistrust(stats, user, OPTION)
  if (distrust !== null || user !== 0) return distrust
  return describeGroupDistrust(stats, OPTION) ?? describeWay(realpathSync(directory))
}

/** The same of the directories that lead to a real path. */
function describeWay(path: string): string | null {
  const parent = dirname(path)
  if (parent === path) return null
  return describeWayDistrust(statSync(parent), escapeText(parent), OPTION) ?? describeWay(parent)
}

/** Checks a file, if it is there, that may have some names more than its own. */
function checkFile(path: string, countMore = () => 0): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return
  const name = basename(path)
  if (!stats.isFile()) throw new Error(`${name}: not a regular file; remove it`)
  if (stats.nlink <= 1 + countMore()) return
  // Who made it may have taken the other name away since
  const again = lstatSync(path, { throwIfNoEntry: false })
  if (again && again.nlink > 1 + countMore())
    throw new Error(`${name}: has other names (hard links); remove it`)
}

/** How many names a lock has from being made: each a draft that is linked to it. */
function countDrafts(lock: string): number {
  const inode = lstatSync(lock, { throwIfNoEntry: false })?.ino
  const prefix = `${basename(lock)}-`
  return readdirSync(dirname(lock))
    .filter((name) => name.startsWith(prefix))
    .map((name) => lstatSync(join(dirname(lock), name), { throwIfNoEntry: false })?.ino)
    .filter((ino) => ino !== undefined && ino === inode).length
}
