import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { awaitSystem, osCodeOf } from '../../base/errors.js'
import { lockByFile, type FileLock, type LockWait } from '../write/locks.js'
import { attempt, requireOwnDirectory, requireWritable } from './files.js'
import { readHead } from './journal.js'
import { digestName } from './notes.js'

// The records of the torrents of a directory, or of a tree of directories, are one file for their
// root. Without this file a run over a part of a tree would not know the torrents of the tree.

/** The place of a directory of torrents among the records: those of a root, which may be above. */
export interface RecordsPlace {
  /** The real path of the root. */
  readonly root: string
  /** The path of the directory below it, with slashes; empty for the root. */
  readonly place: string
}

/**
 * Finds the records that have the torrents of a directory, given by its real path: its own, or
 * those of the nearest tree above it. A directory without records gets its own.
 */
export function rootOf(stateDirectory: string, target: string): RecordsPlace {
  for (let [root, place] = [target, '']; ;) {
    const path = logPath(stateDirectory, root)
    if (existsSync(path) && (place === '' || isOfTree(path))) return { root, place }
    const above = dirname(root)
    if (above === root) return { root: target, place: '' }
    place = placeBelow(basename(root), place)
    root = above
  }
}

/** Returns the place of a real path that is a root, or below it. */
export function placeIn(root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}

/** Returns the path of a place or name in a place, both below a root. */
export function placeBelow(place: string, name: string): string {
  if (place === '' || name === '') return place + name
  return `${place}/${name}`
}

/** Whether a file has the records of a tree. */
export function isOfTree(path: string): boolean {
  return attempt(() => readHead(path))?.['tree'] === true
}

/**
 * Locks the records that have the torrents of a directory, given by its real path, against other
 * runs with this state. The caller has made sure that the state is trusted. `found` is what rootOf
 * returned for the directory, if the caller asked already.
 * @throws BtkitError as lockByFile and requireWritable
 */
export async function lockRecords(
  stateDirectory: string,
  target: string,
  wait: LockWait,
  found = rootOf(stateDirectory, target),
): Promise<RecordsPlace & FileLock> {
  const lock = await lockLog(logPath(stateDirectory, found.root), target, wait)
  // A run over a tree may have taken the records in meanwhile
  const now = rootOf(stateDirectory, target)
  if (now.root === found.root) return { ...now, ...lock }
  lock.release()
  return lockRecords(stateDirectory, target, wait, now)
}

/** Locks a file of records, by a file beside it. */
export async function lockLog(path: string, shown: string, wait: LockWait): Promise<FileLock> {
  const file = path.replace(/log$/, LOCK)
  // An async function, so that each error is one of the promise
  const lock = async () => lockByFile(file, shown, wait)
  try {
    return await lock()
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
    // The first run has no state yet
    requireWritable(path)
    return awaitSystem(`state ${path}`, lock())
  }
}

const LOCK = 'lock'

/** Returns the files of records, and of locks of records, without the ends of their names. */
export function namesOfLogs(stateDirectory: string): Set<string> {
  const names = attempt(() => readdirSync(logDirectory(stateDirectory))) ?? []
  return new Set(names.flatMap((name) => /^([0-9a-f]{32})\.(?:log|lock)$/.exec(name)?.[1] ?? []))
}

/** The path of the file of records of a root, given by its real path. */
export function logPath(stateDirectory: string, root: string): string {
  return join(logDirectory(stateDirectory), `${digestName(root)}.log`)
}

/** The directory of these files. */
function logDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'torrents')
}

/**
 * Returns a text that changes whenever the records of a root change, without reading them. Null if
 * there are none.
 * @throws BtkitError `not-permitted` if other users could replace them; system errors unchanged
 */
export function stampOfLog(stateDirectory: string, root: string): string | null {
  const path = logPath(stateDirectory, root)
  requireOwnLogs(stateDirectory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, mode, nlink].join(' ')
}

/**
 * Makes sure that no other user could replace a file of records.
 * @throws BtkitError `not-permitted`; system errors unchanged
 */
export function requireOwnLogs(stateDirectory: string): void {
  for (const directory of [stateDirectory, logDirectory(stateDirectory)])
    requireOwnDirectory(directory)
}
