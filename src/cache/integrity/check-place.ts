import { lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describeDirectory } from './check-directory.js'
import { markPath } from './clean-mark.js'
import { notesOf } from './holders.js'

/**
 * Makes sure that a cache's file, and those beside it, are where nobody else can swap them, and are
 * regular files of one name: LMDB follows links, writes to what they lead to, and dies of pipes.
 * @throws Error that says what is wrong, and what to do
 */
export function checkPlace(path: string): void {
  const distrust = describeDirectory(dirname(path))
  if (distrust !== null) throw new Error(distrust)
  for (const file of [path, markPath(path), ...notesOf(path)]) checkFile(file)
  const lock = `${path}-lock`
  checkFile(lock, () => countDrafts(lock))
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
