import { LRUCache } from 'lru-cache'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { stateOf } from './known-digests.js'

/** Files that are remembered; of others it begins to be known now. */
const MOST_FILES = 10_000

interface Seen {
  readonly state: string
  readonly sinceMs: number
}

/** Since when files are known to be what they are. */
export class SeenSince {
  readonly #seen = new LRUCache<string, Seen>({ max: MOST_FILES })

  /**
   * Since when a file is known to be as it was looked at just now; both in milliseconds since 1970.
   * Dates are told in seconds, and no two states of a path have the same.
   */
  of(file: ScannedFile, nowMs: number): number {
    const path = file.path.join('/')
    const state = stateOf(file)
    const before = this.#seen.get(path)
    if (before?.state === state) return before.sinceMs
    const sinceMs = Math.max(nowMs, before ? before.sinceMs + 1000 : 0)
    this.#seen.set(path, { state, sinceMs })
    return sinceMs
  }
}
