import { closeSync, futimesSync, openSync, rmSync, statSync } from 'node:fs'
import { dayOf, isNoteDue } from './records/record.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'

/**
 * Returns the path of a file beside the cache. Its modification time says when maintenance last
 * ran, so that the cache need not be opened to find out.
 */
function tidiedPath(path: string): string {
  return `${path}-tidied`
}

/** Whether maintenance of the cache at `path` is due again, without opening it. */
export function isTidyDue(path: string, now: number): boolean {
  try {
    const stats = statSync(tidiedPath(path), { throwIfNoEntry: false })
    return !stats || isNoteDue({ lastUsed: dayOf(stats.mtimeMs) }, dayOf(now))
  } catch {
    return true
  }
}

/** Records that maintenance was done. */
export function noteTidied(path: string, now: number): void {
  const note = tidiedPath(path)
  try {
    rmSync(note, { force: true })
    const descriptor = openSync(note, 'wx', 0o600)
    try {
      futimesSync(descriptor, now / 1000, now / 1000)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Not an error: the next run repeats the maintenance
  }
}
