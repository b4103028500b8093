import { LRUCache } from 'lru-cache'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { stateOf } from './known-digests.js'

/** Most files that are remembered; others count as seen now. */
const MOST_FILES = 10_000

interface Seen {
  readonly state: string
  readonly sinceMs: number
}

/** Records since when files have had their current state. */
export class SeenSince {
  readonly #seen = new LRUCache<string, Seen>({ max: MOST_FILES })

  /**
   * Since when a file is known to have its current state; both times in milliseconds since 1970.
   * HTTP dates have whole seconds, and no two states of a path share one.
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
