import { statfsSync } from 'node:fs'
import type { Store } from './store.js'

/** What must be free on the disk of the cache, in bytes. */
const MIN_FREE = 4 * 1024 * 1024

/** What a record may take while it is written: a page of the database and one that leads there. */
const PAGES = 2 * 4096

/**
 * Makes sure that there is room on the disk of the cache. LMDB maps a file into memory: where that
 * finds no room, the system ends the process.
 * @throws Error when there is not
 */
export function requireFreeSpace(directory: string): void {
  const { blocks, bavail, bsize } = statfsSync(directory)
  // Some file systems can't tell
  if (blocks > 0 && bavail * bsize < MIN_FREE) throw new Error('no space left on device')
}

/** A store that puts nothing more once there is little room left; `onFull` hears of that. */
export function withinFreeSpace(
  store: Store,
  directory: string,
  onFull: (error: unknown) => void,
): Store {
  let isFull = false
  let unchecked = 0
  const put: Store['put'] = (key, value) => {
    unchecked += PAGES + value.length
    if (unchecked > MIN_FREE / 2) {
      unchecked = 0
      isFull ||= !hasFreeSpace(directory, onFull)
    }
    if (!isFull) store.put(key, value)
  }
  return { ...store, put }
}

function hasFreeSpace(directory: string, onFull: (error: unknown) => void): boolean {
  try {
    requireFreeSpace(directory)
    return true
  } catch (error) {
    onFull(error)
    return false
  }
}
