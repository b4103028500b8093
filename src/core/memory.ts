import type { PieceCache } from '../cache/piece-cache.js'
import type { CacheTrust } from './stamp.js'

/** The piece cache, and how far to trust it. */
export interface Memory {
  readonly cache: PieceCache
  readonly trust: CacheTrust
  /** Milliseconds since 1970. */
  readonly now: () => number
}
