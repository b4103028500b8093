import { closeSync, futimesSync, openSync, rmSync, statSync } from 'node:fs'
import { dayOf, isNoteDue } from './records/record.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'

/**
 * Beside the cache stands a file with the time when the cache was last tidied, so that it need not be
 * opened to tell whether that is due. Only its time counts.
 */
function tidiedPath(path: string): string {
  return `${path}-tidied`
}

/** Whether the cache at a path is to be tidied again, as far as can be told without opening it. */
export function isTidyDue(path: string, now: number): boolean {
  try {
    const stats = statSync(tidiedPath(path), { throwIfNoEntry: false })
    return !stats || isNoteDue({ lastUsed: dayOf(stats.mtimeMs) }, dayOf(now))
  } catch {
    return true
  }
}

/** Notes that it was tidied. */
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
    // The next run looks into the cache once more
  }
}
